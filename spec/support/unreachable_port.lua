--- Ports of 127.0.0.1 that cannot be connected to, each held by a process of its own as long as it is needed.

local process = require "spec.support.process"

local unreachable_port = {}

local UnreachablePort = {}
UnreachablePort.__index = UnreachablePort

local PROCESS_FILE = debug.getinfo(1, "S").source:match("^@(.*)%.lua$") .. "_process.lua"

local function start(kind)
  local child = process.start { "luajit", PROCESS_FILE, kind }
  local port = assert(tonumber(child:read_line()), "the process that holds the port did not start")
  return setmetatable({ port = port, child = child }, UnreachablePort)
end

--- A port where every connection is refused at once.
-- @return UnreachablePort with the field `port`
function unreachable_port.refused()
  return start("refused")
end

--- A port that never answers: a connection is neither made nor refused, and the connect times out.
-- @return UnreachablePort with the field `port`
function unreachable_port.silent()
  return start("silent")
end

--- The base URL for a client.
-- @return string
function UnreachablePort:base_url()
  return ("http://127.0.0.1:%d/v1"):format(self.port)
end

--- Gives the port back.
function UnreachablePort:stop()
  self.child:signal("TERM")
  self.child:wait()
end

return unreachable_port
