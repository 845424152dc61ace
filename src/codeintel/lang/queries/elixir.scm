((call
  target: (identifier) @_define
  (arguments (alias) @name)
  (do_block . (unary_operator operand: (call
    target: (identifier) @_doc
    (arguments (string) @doc)))?) @body) @module
  (#any-of? @_define "defmodule" "defprotocol")
  (#eq? @_doc "moduledoc"))
((call
  target: (identifier) @_define
  (arguments (alias) @name)
  (do_block) @body) @module
  (#any-of? @_define "defmodule" "defprotocol"))
((call
  target: (identifier) @_define
  (arguments (alias) @name (keywords)?)
  (do_block)) @implementation
  (#eq? @_define "defimpl"))
((call
  target: (identifier) @_define
  (arguments
    [
      (identifier) @name
      (call target: (identifier) @name)
      (binary_operator left: (identifier) @name)
      (binary_operator left: (call target: (identifier) @name))]
    (keywords)? @body)
  (do_block)? @body) @function
  (#any-of? @_define "def" "defp" "defdelegate" "defguard" "defguardp" "defn" "defnp"))
((call
  target: (identifier) @_define
  (arguments
    [(identifier) @name (call target: (identifier) @name)]
    (keywords)? @body)
  (do_block)? @body) @macro
  (#any-of? @_define "defmacro" "defmacrop"))
((unary_operator "@" operand: (call
  target: (identifier) @_kind
  (arguments (binary_operator left: [
    (identifier) @name
    (call target: (identifier) @name)])))) @type
  (#any-of? @_kind "type" "typep" "opaque"))
((unary_operator "@" operand: (call
  target: (identifier) @_kind
  (arguments (binary_operator left: (call target: (identifier) @name))))) @method
  (#any-of? @_kind "callback" "macrocallback"))
((unary_operator "@" operand: (call target: (identifier) @name (arguments))) @constant
  (#not-match? @name "^(doc|moduledoc|typedoc|spec|impl|type|typep|opaque|callback|macrocallback|behaviour|deprecated|derive|enforce_keys|tag|moduletag|compile|dialyzer|external_resource|before_compile|since|shortdoc|optional_callbacks|on_load|after_compile)$"))

((unary_operator "@" operand: (call target: (identifier) @_kind (arguments (string) @doc)))
  @comment
  (#any-of? @_kind "doc" "typedoc"))
((unary_operator "@" operand: (call target: (identifier) @_kind)) @attribute
  (#any-of? @_kind "doc" "spec" "impl" "deprecated" "since" "tag"))
(comment) @comment
[(identifier) (alias)] @reference

((call target: (identifier) @_define (arguments [
  (call (arguments (identifier) @local))
  (binary_operator left: (call (arguments (identifier) @local)))]))
  (#any-of? @_define "def" "defp" "defmacro" "defmacrop"))
(binary_operator left: (identifier) @local operator: "=")
(stab_clause left: (arguments (identifier) @local))
(anonymous_function) @scope

((call target: (identifier) @_import (arguments . (alias) @source)) @import
  (#any-of? @_import "alias" "import" "use" "require"))
