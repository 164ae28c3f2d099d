--- A terminal in a folder that looks like the checkout, for the commands of the documents: what one exports, the next
-- one finds, and files that one writes are there for the next, without a trace in the checkout.
--
-- In it, `lua` is the Lua that runs the specs, and `curl` finds at 127.0.0.1:8080 the nginx that `listen` was given.

local process = require "spec.support.process"
local slowness = require "spec.support.slowness"

local terminal = {}

local methods = {}
local Terminal = {__index = methods, __name = "spec.support.terminal"}

local function output_of(command)
  local pipe = assert(io.popen(command, "r"))
  local output = pipe:read("*a")
  pipe:close()
  return output
end

-- %s: paths for Lua, what a sanitizer wants loaded, the interpreter.
local LUA = [[
#!/bin/sh
LUA_PATH=%s LUA_CPATH=%s LD_PRELOAD=%s exec %s "$@"
]]

local CURL = [[
#!/bin/sh
case " $* " in
*" http://127.0.0.1:8080"*) exec %s --unix-socket nginx.socket "$@" ;;
esac
exec %s "$@"
]]

-- A command that takes so many seconds hangs; the longest here takes one.
local LIMIT = 30 * slowness

-- What was exported, then the command, then what is exported now.
local COMMAND = [[
[ ! -e "$1/.exported" ] || . "$1/.exported"
cd "$1" || exit
trap "export -p >'$1/.exported'" EXIT
. "./$2"]]

--- Opens a terminal.
-- @param environment table of variables
-- @return Terminal
function terminal.open(environment)
  local folder = output_of("mktemp -d"):match("^[^\n]+")
  local self = setmetatable({folder = folder, environment = {}}, Terminal)
  for name, value in pairs(environment) do
    self.environment[name] = value
  end
  self.environment.PATH = folder .. "/.bin:" .. os.getenv("PATH")
  self.environment.SETUP = "no"
  os.execute(('ln -s "$PWD"/* "$PWD"/.ci %s/ && mkdir %s/.bin'):format(folder, folder))
  -- The paths may be relative: they hold here too.
  self:write(".bin/lua", LUA:format(process.quote(os.getenv("LUA_PATH") or ";;"),
    process.quote(os.getenv("LUA_CPATH") or ";;"), process.quote(os.getenv("SPEC_PRELOAD") or ""),
    process.own_interpreter()))
  self:write(".bin/supermetrics-backfill", ('#!/bin/sh\nexec lua "%s/lua/supermetrics/command/main.lua" "$@"\n')
    :format(folder))
  local curl = output_of("command -v curl"):match("^[^\n]+")
  self:write(".bin/curl", CURL:format(curl, curl))
  os.execute(("chmod 755 %s/.bin/*"):format(folder))
  return self
end

function Terminal:__tostring()
  return ("%s in %s"):format(Terminal.__name, self.folder)
end

--- Writes a file.
function methods:write(name, text)
  local path = self.folder .. "/" .. name
  os.remove(path) -- never through a link into the checkout
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- A make that runs the specs would tell one of the document that it is within it, and that one would say so.
local OUTSIDE_OF_MAKE = {"env", "-u", "MAKEFLAGS", "-u", "MFLAGS", "-u", "MAKELEVEL"}

local function start(self, text, ...)
  self:write(".command", "set -e\n" .. text)
  local arguments = {}
  for _, word in ipairs(OUTSIDE_OF_MAKE) do
    arguments[#arguments + 1] = word
  end
  for _, word in ipairs{...} do
    arguments[#arguments + 1] = word
  end
  for _, argument in ipairs{"sh", "-c", COMMAND, "sh", self.folder, ".command"} do
    arguments[#arguments + 1] = argument
  end
  return process.start(arguments, self.environment, {stderr = "stdout"})
end

--- Starts a command that stays.
-- @param text string for a shell, which stops where something fails
-- @return Process
function methods:start(text)
  return start(self, text)
end

--- Runs a command to its end.
-- @return number, its exit status
-- @return string, what it printed
function methods:run(text)
  return start(self, text, "timeout", tostring(LIMIT)):wait()
end

--- Has `curl` find a server at 127.0.0.1:8080.
-- @param socket path of the socket that it listens on
function methods:listen(socket)
  os.execute(("ln -sfn %s %s/nginx.socket"):format(socket, self.folder))
end

--- Removes the folder.
function methods:close()
  os.execute("rm -rf " .. process.quote(self.folder))
end

return terminal
