require 'json'

# A tool.
module Acme
  VERSION = '1.0'

  # A queue.
  class Queue < Base
    attr_reader :size, :name
    LIMIT = 10

    # Makes one.
    def initialize(size)
      @size = size
    end

    def self.create(*args)
      new(*args)
    end

    def full?; true; end

    private

    def hidden
      [1].each { |x| puts x }
    end

    class << self
      def build; end
    end
  end
end

def top_level(a, b = 2)
  a + b
end
