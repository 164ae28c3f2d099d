--- One request and its answer on a stream of lua-http.

local http_headers = require "http.headers"
local http_util = require "http.util"

local exchange = {}

-- A client that has begun with a request and then says nothing, or does not read its answer.
local SECONDS = 60

-- The longest body of the API, that of create, takes 60 bytes.
local LONGEST_BODY = 64 * 1024

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

local function write(stream, answer, method)
  local headers = http_headers.new()
  headers:append(":status", tostring(answer.status))
  for name, value in pairs(answer.headers) do
    headers:append(name, value)
  end
  headers:append("content-length", tostring(#answer.body))
  local is_head = method == "HEAD"
  local ok = stream:write_headers(headers, is_head, SECONDS)
  if ok and not is_head then
    stream:write_chunk(answer.body, true, SECONDS)
  end
end

-- Whether the client can still be answered: something of the request was understood.
local function is_answerable(stream)
  return stream.state == "open" or stream.state == "half closed (remote)"
end

-- lua-http's own shutdown goes on reading a request that was not read to its end. Where that end never comes (the
-- client is gone, or a length could not be parsed) it does so for ever and never yields; of a closed stream it reads
-- nothing.
-- On HTTP/2 it resets the stream instead, and the connection serves others.
local function end_unfinished(stream)
  if stream.state == "closed" or stream.connection.version >= 2 then
    return
  end
  stream:set_state("closed")
  if stream.connection.socket then
    stream.connection.socket:shutdown()
  end
end

--- Writes the answer to a request, as far as the client can still be answered.
-- @param stream
-- @param answer table: `status`, `headers`, `body`
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
  end_unfinished(stream)
end

return exchange
