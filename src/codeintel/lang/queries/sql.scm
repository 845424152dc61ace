(create_table (object_reference name: (_) @name)) @struct
(create_view (object_reference name: (_) @name)) @struct
(create_materialized_view (object_reference name: (_) @name)) @struct
(create_type (object_reference name: (_) @name)) @type
(create_function (object_reference name: (_) @name) (function_body)? @body) @function
(create_trigger . (keyword_create) (object_reference name: (_) @name)) @function
(create_schema (identifier) @name) @module
(create_index column: (identifier) @name) @key
(column_definition name: (_) @name) @field

(comment) @comment
(identifier) @reference
