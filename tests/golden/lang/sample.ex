defmodule Acme.Queue do
  @moduledoc """
  A queue.
  """
  use GenServer
  alias Acme.Base

  @max_size 10
  defstruct [:items, size: 0]

  @type t :: %__MODULE__{}

  @doc """
  Adds an item.
  """
  @spec add(t, term) :: t
  def add(queue, item) when is_list(item) do
    helper(queue)
  end

  def size(queue), do: queue.size

  defp helper(x), do: x

  defmacro trace(expr) do
    quote do: unquote(expr)
  end

  defmodule Inner do
    def run, do: :ok
  end
end

defprotocol Shape do
  @doc "How large."
  def area(shape)
end

defimpl Shape, for: Circle do
  def area(c), do: c.r
end
