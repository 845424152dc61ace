(function_definition name: (_) @name body: (_) @body) @function
(program [
  (variable_assignment name: (variable_name) @name) @variable
  (declaration_command (variable_assignment name: (variable_name) @name)) @variable])

(comment) @comment
[(variable_name) (command_name (word))] @reference

(declaration_command "local" [(variable_assignment name: (variable_name) @local) (variable_name) @local])

((command
  name: (command_name) @_source
  argument: (word) @source) @import
  (#any-of? @_source "source" "."))
