--- The command `supermetrics-backfill`: see description.lua for what it takes.

local supermetrics = require "supermetrics"

local arguments = require "supermetrics.command.arguments"
local cancelling = require "supermetrics.command.cancelling"
local connection = require "supermetrics.command.connection"
local creating = require "supermetrics.command.creating"
local description = require "supermetrics.command.description"
local exit_codes = require "supermetrics.command.exit_codes"
local human = require "supermetrics.command.human"
local machine = require "supermetrics.command.machine"
local output = require "supermetrics.command.output"
local progress = require "supermetrics.command.progress"
local reading = require "supermetrics.command.reading"
local stop = require "supermetrics.command.stop"
local terminal = require "supermetrics.command.terminal"
local waiting = require "supermetrics.command.waiting"

local RUNNERS = {}
for _, family in ipairs{cancelling, creating, reading, waiting} do
  for name, run in pairs(family) do
    RUNNERS[name] = run
  end
end

local function complain(problem)
  -- One line, whatever a service or an argument holds.
  output.note(description.name .. ": " .. tostring(problem):gsub("%c", " "))
end

-- What a runner works with: `options`, `form` of the answers, `progress`; `writes` once something is to change.
local Context = {}
Context.__index = Context
Context.__name = "supermetrics.command"

function Context:__tostring()
  return ("%s: %s"):format(Context.__name, tostring(self.options and self.options.command))
end

--- Makes the client, unless it is there. Before a question, so that nobody is asked in vain.
function Context:connect()
  self.client = self.client or connection.new(self.options)
end

--- Calls a method of the client.
function Context:call(method, ...)
  self:connect()
  return connection.call(self.options, self.client, method, ...)
end

--- Checks the arguments of a method of the client, and sends nothing.
function Context:check(method, ...)
  connection.check(self.options, method, ...)
end

--- Tells the user of an Error, beside the output.
function Context:complain(err) -- luacheck: ignore self
  complain(err)
end

--- Ends a command with an Error of the library.
-- @return the exit code
function Context:failure(err)
  self.progress:clear()
  self.form.failure(err)
  complain(err)
  return exit_codes.of_error(err)
end

local function run(context, list)
  context.form = arguments.want_json(list) and machine or human
  context.options = arguments.parse(list, supermetrics._VERSION)
  context.progress = progress.new(context.options.quiet)
  return RUNNERS[context.options.command](context)
end

local function as_stop(context, problem)
  if stop.is_stop(problem) then
    return problem
  elseif stop.is_interrupt(problem) then
    return stop.new(exit_codes.INTERRUPTED, "interrupted", "interrupted"
      .. (context.writes and "; what was sent by then may have taken effect" or ""))
  end
  return stop.new(exit_codes.FAILURE, "internal", "this should not have happened: " .. tostring(problem))
end

-- Ends the command where something was raised.
local function end_early(context, problem)
  problem = as_stop(context, problem)
  if problem.kind == "text" then
    output.write(problem.message)
    return problem.exit_code
  end
  if problem.kind == "interrupted" and terminal.is_terminal(2) then
    output.note("") -- the terminal has written ^C behind a question or a bar
  elseif context.progress then
    context.progress:clear()
  end
  complain(problem)
  if problem.kind ~= "output" then
    context.form.failure(problem)
  end
  return problem.exit_code
end

--- Runs the command.
---@param list string[] the arguments, as on the command line
---@return integer exit_code
return function(list)
  local context = setmetatable({}, Context)
  local ok, result = pcall(run, context, list)
  if ok then
    return result
  end
  ok, result = pcall(end_early, context, result)
  if ok then
    return result
  end
  complain(result) -- the output could not be written
  return exit_codes.OUTPUT
end
