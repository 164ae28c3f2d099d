local process = require "spec.support.process"
local unreachable_port = require "spec.support.unreachable_port"

local CURL_CANNOT_CONNECT, CURL_TIMED_OUT = 7, 28

-- Without the user's .curlrc and proxy.
local function start_curl(...)
  return process.start { "curl", "--disable", "--noproxy", "*", "--silent", ... }
end

local function curl(...)
  return (start_curl(...):wait())
end

describe("spec.support.unreachable_port", function()
  it("refuses connections", function()
    local port = unreachable_port.refused()
    finally(function()
      port:stop()
    end)
    assert.matches("^http://127%.0%.0%.1:%d+/v1$", port:base_url())
    for _ = 1, 2 do
      assert.equal(CURL_CANNOT_CONNECT, curl("--max-time", "10", port:base_url()))
    end
  end)

  it("neither accepts nor refuses connections", function()
    local port = unreachable_port.silent()
    finally(function()
      port:stop()
    end)
    local children = {}
    for index = 1, 4 do
      children[index] = start_curl("--connect-timeout", "0.25", "--write-out", "%{time_connect}", port:base_url())
    end
    for _, child in ipairs(children) do
      local exit_code, time_connect = child:wait()
      assert.equal(CURL_TIMED_OUT, exit_code)
      assert.equal(0, tonumber(time_connect))
    end
  end)

  it("refuses connections again once it is stopped", function()
    local port = unreachable_port.silent()
    port:stop()
    port:stop()
    assert.equal(CURL_CANNOT_CONNECT, curl("--max-time", "10", port:base_url()))
  end)
end)
