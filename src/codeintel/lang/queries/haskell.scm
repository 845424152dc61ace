(data_type name: (_) @name) @struct
(newtype name: (_) @name) @struct
(type_synonym name: (_) @name) @type
(class name: (_) @name declarations: (_)? @body) @trait
(instance name: (_) @name) @implementation
(data_constructor constructor: [
  (prefix name: (_) @name)
  (record name: (_) @name)]) @constructor
(newtype_constructor name: (_) @name) @constructor
(field name: (field_name (variable) @name)) @field
(signature name: (variable) @name) @function
(signature names: (binding_list (variable) @name)) @function
(function name: (variable) @name) @function
(bind name: (variable) @name) @function

[(comment) (haddock)] @comment
[(variable) (name) (constructor)] @reference

(patterns (variable) @local)
(bind pattern: (variable) @local)
(lambda patterns: (_ (variable) @local))
(lambda) @scope

(import module: (module) @source) @import
