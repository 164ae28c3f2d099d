--- `supermetrics-backfill` against a sandbox, run by the Lua that runs the specs.
--
--     local service = sandbox.start()
--     local cli = command.new(service)
--     local exit_code, stdout, stderr = cli:run("get", "12345", "1003")

local cjson = require("cjson").new()

local process = require "spec.support.process"
local pseudo_terminal = require "spec.support.pseudo_terminal"

local unpack = table.unpack or unpack -- luacheck: ignore

local command = {}

local methods = {}
local metatable = {__index = methods, __name = "spec.support.command"}

function metatable:__tostring()
  return ("%s at %s"):format(metatable.__name, self.environment.SUPERMETRICS_BASE_URL)
end

--- The command with the address and the key of a sandbox in its environment.
-- @param service Sandbox
function command.new(service)
  return setmetatable({environment = {
    SUPERMETRICS_BASE_URL = service.base_url,
    SUPERMETRICS_API_KEY = service.api_key,
    TERM = "xterm",
    NO_COLOR = "",
  }}, metatable)
end

--- The words that start it.
function command.words(...)
  return {process.own_interpreter(), "lua/supermetrics/command/main.lua", ...}
end

--- The same with other variables of the environment on top.
function methods:with(variables)
  local environment = {}
  for name, value in pairs(self.environment) do
    environment[name] = value
  end
  for name, value in pairs(variables) do
    environment[name] = value
  end
  return setmetatable({environment = environment}, metatable)
end

local function read_and_remove(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  os.remove(path)
  return text
end

--- Runs it to its end, with no terminal.
-- @return exit code, standard output, standard error
function methods:run(...)
  local path = os.tmpname()
  local words = command.words(...)
  -- Specs may be run at a terminal, and that is not the command's.
  local exit_code, stdout = process.start({"sh", "-c", 'exec "$@" </dev/null', "sh", unpack(words)},
    self.environment, {stderr = path}):wait()
  return exit_code, stdout, read_and_remove(path)
end

--- Runs it with --json behind the arguments.
-- @return exit code, the decoded document, its text, standard error
function methods:json(...)
  local words = {...}
  words[#words + 1] = "--json"
  local exit_code, stdout, stderr = self:run(unpack(words))
  assert(stdout:find("^{[^\n]*}\n$"), "not one document on one line: " .. stdout)
  return exit_code, cjson.decode(stdout), stdout, stderr
end

--- Starts it at a terminal.
-- @return pseudo_terminal
function methods:at_terminal(...)
  return pseudo_terminal.start(command.words(...), self.environment)
end

return command
