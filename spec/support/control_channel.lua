--- Values over a cqueues socket, both ways, in this form: the length in bytes as a decimal line, then that much JSON.
--
-- The length is there because cqueues reads lines of 4096 bytes at most and cuts longer ones without a word. Strings
-- may hold any bytes: lua-cjson escapes NUL and passes everything above 0x7F through as it is, in both directions.

local cjson = require("cjson").new()

local control_channel = {}

local ControlChannel = {}
ControlChannel.__index = ControlChannel

--- Takes over a connected socket.
-- @param socket a cqueues socket
-- @param seconds number: the longest that one reading or writing may take, or nil
-- @return ControlChannel
function control_channel.new(socket, seconds)
  -- Text mode, the default, turns CR LF into LF; an unbuffered output needs no flush.
  socket:setmode("bn", "bn")
  socket:settimeout(seconds)
  -- By default cqueues throws what it does not call EPIPE or ETIMEDOUT; a peer that ends may well reset us.
  socket:onerror(function(_, _, reason)
    return reason
  end)
  return setmetatable({ socket = socket }, ControlChannel)
end

--- Sends a value.
-- @param value what JSON can hold
-- @return true, or nil where the peer has gone
function ControlChannel:send(value)
  local text = cjson.encode(value)
  return self.socket:write(("%d\n"):format(#text), text) and true
end

--- Waits for a value.
-- @return the value, or nil where the peer has gone
function ControlChannel:receive()
  local line = self.socket:read("*l")
  local length = line and tonumber(line)
  local text = length and self.socket:read(length)
  return text and cjson.decode(text)
end

--- Closes the socket.
function ControlChannel:close()
  self.socket:close()
end

return control_channel
