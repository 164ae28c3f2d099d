-- Every operation against a server whose HTTP/2 goes wrong, frame by frame.

local fault_table = require "spec.support.fault_table"
local libcurl = require "spec.support.libcurl"

-- A frame, RFC 9113, section 4.1.
local function frame(kind, flags, stream, payload)
  local length = #payload
  return string.char(math.floor(length / 65536) % 256, math.floor(length / 256) % 256, length % 256, kind, flags,
    0, 0, 0, stream) .. payload
end

local DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
local END_STREAM, END_HEADERS, ACK = 1, 4, 1
local INTERNAL_ERROR, REFUSED_STREAM, ENHANCE_YOUR_CALM = "\0\0\0\2", "\0\0\0\7", "\0\0\0\11"
local NO_STREAM, STREAM_1 = "\0\0\0\0", "\0\0\0\1"

local GREETING = frame(SETTINGS, 0, 0, "") .. frame(SETTINGS, ACK, 0, "")
local INDEXED_200 = "\136" -- ":status: 200" in the static table of HPACK
local START_OF_200 = frame(HEADERS, END_HEADERS, 1, INDEXED_200)
local HALF_OF_200 = START_OF_200 .. frame(DATA, 0, 1, '{"data":')
local REQUEST_BYTES = 140 -- the rest of the preface, the client's settings and its request are longer

-- Before 7.88 libcurl takes a stream that was reset behind its headers for one that ended: what came is looked at,
-- and an answer without a body, which may be such a one, is not taken for whole.
local TELLS_RESETS = libcurl.is_at_least(7, 88)
local CUT = TELLS_RESETS and "network" or "invalid_response"

local function row(name, frames, kind)
  return {name = name, kind = kind or "network", outcome = "unknown", tls = {alpn = {"h2"}},
    script = {{{send = GREETING}, {receive = REQUEST_BYTES}, {send = frames}, {close = true}}}}
end

-- What the faults are to be told from. Reads only: an answer that ends before the request has a body of its own to end.
local function answers_are_read(run)
  local function each_read(script_of, check)
    local server = run:server_of{tls = {alpn = {"h2"}}}
    for _, operation in ipairs(fault_table.operations) do
      if not operation.writes then
        server:script{{{send = GREETING}, {receive = REQUEST_BYTES}, {send = script_of(operation)}, {stall = true}}}
        check(operation, run:call(server, operation))
      end
    end
  end

  it("an answer as it must be is read", function()
    each_read(function(operation)
      return START_OF_200 .. frame(DATA, END_STREAM, 1, operation.body(fault_table.backfill_with()))
    end, function(operation, value, err)
      assert.is_nil(err, tostring(err))
      assert.equal("CANCELLED", operation.backfill(value).status)
    end)
  end)

  it("an answer without a body is one for request only, which takes any", function()
    each_read(function()
      return frame(HEADERS, END_HEADERS + END_STREAM, 1, INDEXED_200)
    end, function(operation, value, err)
      if operation.takes_any_body and TELLS_RESETS then
        assert.is_true(value, tostring(err))
      else
        fault_table.assert_failed("invalid_response", nil, operation, value, err, operation.name)
      end
    end)
  end)
end

fault_table.describe("faults of HTTP/2:", {
  row("RST_STREAM, INTERNAL_ERROR", frame(RST_STREAM, 0, 1, INTERNAL_ERROR)),
  row("RST_STREAM, REFUSED_STREAM", frame(RST_STREAM, 0, 1, REFUSED_STREAM)),
  row("RST_STREAM after the headers", START_OF_200 .. frame(RST_STREAM, 0, 1, INTERNAL_ERROR), CUT),
  row("RST_STREAM in mid-body", HALF_OF_200 .. frame(RST_STREAM, 0, 1, INTERNAL_ERROR), CUT),
  row("GOAWAY before the stream", frame(GOAWAY, 0, 0, NO_STREAM .. NO_STREAM)),
  row("GOAWAY before the stream, ENHANCE_YOUR_CALM", frame(GOAWAY, 0, 0, NO_STREAM .. ENHANCE_YOUR_CALM)),
  row("GOAWAY, then the end", frame(GOAWAY, 0, 0, STREAM_1 .. INTERNAL_ERROR)),
  row("GOAWAY after the headers", START_OF_200 .. frame(GOAWAY, 0, 0, STREAM_1 .. INTERNAL_ERROR)),
  row("a frame of a length that is not allowed", frame(PING, 0, 0, "short")),
  row("a frame of a stream that nobody opened", frame(HEADERS, END_HEADERS, 4, INDEXED_200)),
  row("headers that are not HPACK", frame(HEADERS, END_HEADERS, 1, "\255\255\255\255\255\255\255")),
  row("DATA before HEADERS", frame(DATA, END_STREAM, 1, "{}")),
  row("the end in mid-body", HALF_OF_200),
  {name = "a stream that stalls in mid-body", kind = "timeout", outcome = "unknown", tls = {alpn = {"h2"}},
    stalls = true, options = {timeout = fault_table.SHORT},
    script = {{{send = GREETING}, {receive = REQUEST_BYTES}, {send = HALF_OF_200}, {stall = true}}}},
}, answers_are_read)
