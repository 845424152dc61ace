local M = {}

local MAX_SIZE = 10

--- Adds numbers.
-- @param a number
function M.add(a, b)
  local sum = a + b
  return sum
end

function M:method(x) return self end

local function hidden() end

M.field = function(x) return x end
M.name = "x"

local helper = function() end

function global() end

return M
