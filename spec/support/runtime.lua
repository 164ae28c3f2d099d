--- The Lua that runs this spec, for running programs of our own on the same one.

local runtime = {}

-- The lowest index of `arg` is the interpreter.
local lowest = 0
while arg[lowest - 1] do
  lowest = lowest - 1
end

runtime.interpreter = arg[lowest]

--- The command of a program given as text, as process.start takes it.
function runtime.command(program, ...)
  return {runtime.interpreter, "-e", program, ...}
end

return runtime
