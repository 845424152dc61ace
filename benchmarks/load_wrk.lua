-- Sends the tool calls of a file (a line each: name, tab, JSON-RPC body) over MCP, revision
-- 2026-07-28, from a place of its own for each thread, and prints what came of it as JSON.
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  calls, errors, refused = {}, 0, 0
  -- A parameter header makes a call unusual, so that the SDK answers it.
  local unusual = args[3] == "sdk" and "0" or nil
  for line in io.lines(args[1]) do
    local name, body = line:match("^(.-)\t(.*)$")
    table.insert(calls, wrk.format("POST", "/mcp", {
      ["content-type"] = "application/json",
      ["accept"] = "application/json, text/event-stream",
      ["mcp-protocol-version"] = "2026-07-28",
      ["mcp-method"] = "tools/call",
      ["mcp-name"] = name,
      ["mcp-param-nothing"] = unusual,
      ["Host"] = "127.0.0.1:" .. wrk.port,
    }, body))
  end
  local skipped = tonumber(args[2])
  at = (skipped + number * math.floor(#calls / 2)) % #calls
end

function request()
  at = at % #calls + 1
  return calls[at]
end

function response(status, headers, body)
  if status ~= 200 then
    refused = refused + 1
  elseif body:find('"isError":true', 1, true) then
    errors = errors + 1
  end
end

function done(summary, latency, requests)
  local errors, refused = 0, 0
  for _, thread in ipairs(threads) do
    errors = errors + thread:get("errors")
    refused = refused + thread:get("refused")
  end
  local broken = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.3f,"p50_ms":%.3f,"p95_ms":%.3f,"p99_ms":%.3f,' ..
    '"max_ms":%.3f,"tool_errors":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors, refused, broken.connect + broken.read + broken.write + broken.timeout))
end
