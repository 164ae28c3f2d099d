--- One request and its answer on a stream of lua-http.

local http_headers = require "http.headers"
local http_util = require "http.util"

local exchange = {}

-- A client that has begun with a request and then says nothing, or does not read its answer.
local SECONDS = 60

-- The longest body of the API, that of create, takes 60 bytes.
local LONGEST_BODY = 64 * 1024

-- Statuses that have no body, whatever a fault asks for.
local BODILESS = {[204] = true, [304] = true}

local function read(stream)
  local headers = stream:get_headers(SECONDS)
  if not headers then
    return nil
  end
  local body, err = stream:get_body_chars(LONGEST_BODY + 1, SECONDS)
  if not body and err then
    return nil
  end
  body = body or ""
  local is_too_long = #body > LONGEST_BODY
  -- lua-http takes the end of a connection for the end of a body, whatever length was announced.
  if stream.state == "open" and not is_too_long then
    return nil
  end
  local authorization = headers:get("authorization") or ""
  return {
    method = headers:get(":method"),
    -- A request through a proxy names the whole URL. CONNECT has no path at all.
    path = (headers:get(":path") or ""):gsub("^https?://[^/]*", ""):gsub("%?.*$", ""),
    credential = authorization:match("^[Bb][Ee][Aa][Rr][Ee][Rr] +(.-) *$"),
    secret = authorization:match("%S+$"),
    body = body,
    body_is_too_long = is_too_long,
  }
end

--- Reads the request of a stream.
-- @return table: `method`, `path` (without query), `credential` (or nil), `secret` (what was sent as credential, of
--   whatever scheme, or nil), `body`, `body_is_too_long`; or nil where it was cut short or is no HTTP
function exchange.read(stream)
  -- lua-http raises for a Content-Length or Transfer-Encoding that it cannot parse.
  local ok, request = http_util.yieldable_pcall(read, stream)
  return ok and request or nil
end

-- The HTTP/2 of lua-http 0.4 encodes the index of a header wrongly where it is 63, as that of a header is which was the
-- last but one to be new: the client then ends the connection with COMPRESSION_ERROR. Headers that are never indexed
-- are spelt out instead.
local NEVER_INDEX = true

local function new_headers(answer)
  local headers = http_headers.new()
  headers:append(":status", tostring(answer.status), NEVER_INDEX)
  for name, value in pairs(answer.headers) do
    headers:append(name, value, NEVER_INDEX)
  end
  if not BODILESS[answer.status] then
    headers:append("content-length", tostring(#answer.body), NEVER_INDEX)
  end
  return headers
end

local function write(stream, answer, method)
  local headers = new_headers(answer)
  local has_body = method ~= "HEAD" and not BODILESS[answer.status]
  local ok = stream:write_headers(headers, not has_body, SECONDS)
  if ok and has_body then
    local is_whole = answer.truncate == nil
    stream:write_chunk(is_whole and answer.body or answer.body:sub(1, answer.truncate), is_whole, SECONDS)
  end
end

-- Connections that we have cut.
local is_cut = setmetatable({}, {__mode = "k"})

local function cut(connection)
  if connection.socket then
    is_cut[connection] = true
    connection.socket:shutdown()
  end
end

-- Whether anything can still be written: not after a cut, nor after the client is known to have gone.
local function is_connected(connection)
  return connection.socket ~= nil and not is_cut[connection] and not connection.socket:eof("w")
end

-- Whether the client can still be answered: something of the request was understood, and the connection is there.
local function is_answerable(stream)
  return (stream.state == "open" or stream.state == "half closed (remote)") and is_connected(stream.connection)
end

-- lua-http's own shutdown goes on reading a request that was not read to its end. Where that end never comes (the
-- client is gone, or a length could not be parsed) it does so for ever and never yields; of a closed stream it reads
-- nothing.
local function end_first_version(stream)
  if stream.state ~= "closed" then
    stream:set_state("closed")
    cut(stream.connection)
  end
end

-- On HTTP/2 it resets the stream, and the connection serves others. Where the connection is gone it cannot do that, and
-- would wait for the end of this stream, with the descriptor, for ever.
local function end_second_version(stream)
  if is_connected(stream.connection) then
    stream:shutdown()
  end
  if stream.state ~= "closed" then
    stream:set_state("closed")
  end
end

local function end_stream(stream)
  http_util.yieldable_pcall(stream.connection.version < 2 and end_first_version or end_second_version, stream)
end

--- Ends the connection of a request without an answer. On HTTP/2 all its other requests end with it.
function exchange.drop(stream)
  cut(stream.connection)
  end_stream(stream)
end

--- Writes the answer to a request, as far as the client can still be answered.
-- @param stream
-- @param answer table: `status`, `headers`, `body`; with `truncate` the connection ends after so many bytes of it
-- @param method string of the request, or nil where it is not known: HEAD is answered without a body
function exchange.write(stream, answer, method)
  if is_answerable(stream) then
    if stream.state == "open" and stream.connection.version < 2 then
      -- What is left of this request would be taken for the next one.
      answer.headers["connection"] = "close"
    end
    -- It raises where the client's headers, of which it looks at some again, could not be parsed.
    http_util.yieldable_pcall(write, stream, answer, method)
  end
  if answer.truncate then
    cut(stream.connection)
  end
  end_stream(stream)
end

return exchange
