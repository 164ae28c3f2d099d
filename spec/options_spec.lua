local answers = require "spec.support.answers"
local libcurl = require "spec.support.libcurl"
local scripted_server = require "spec.support.scripted_server"
local supermetrics = require "supermetrics"

local KEY = "key_of_the_options_spec"
local LOOPBACK = "http://127.0.0.1:9/v1"

-- Every row: options that supermetrics.new refuses, and what the message says. Nothing in a message may be a secret.
local refused = {
  {"an unknown name", {tiemout = 1}, 'there is no option "tiemout"; there are allow_insecure_http, api_key, '},
  {"a name that is no string", {"x"}, "there is no option 1; there are allow_insecure_http, api_key, "},
  {"options that are no table", "SECRET", "the options must be a table, got a string"},
  {"an empty key", {api_key = ""}, "option 'api_key' must not be empty"},
  {"a key with a line break", {api_key = "SECRET\n"},
    "option 'api_key' must be printable ASCII without spaces: has it a line break at its end?"},
  {"a key with a space", {api_key = "SECRET SECRET"}, "option 'api_key' must be printable ASCII without spaces"},
  {"a key with a NUL", {api_key = "SECRET\0"}, "option 'api_key' must be printable ASCII without spaces"},
  {"a key that is not ASCII", {api_key = "SECRET\195\164"}, "option 'api_key' must be printable ASCII without spaces"},
  {"a key that is no string", {api_key = 5318008}, "option 'api_key' must be a string, got a number"},
  {"a key that is true", {api_key = true}, "option 'api_key' must be a string, got a boolean"},
  {"plain http to another machine", {base_url = "http://dts-api.example.com/v1"},
    'the base_url must begin with https://, since the API key would travel in the clear, got "http://dts-api.example'},
  {"plain http to a name that begins like a loopback address", {base_url = "http://127.0.0.1.example.com/"},
    "the base_url must begin with https://, since the API key would travel in the clear"},
  {"plain http to localhost's name on another machine", {base_url = "http://localhost.example.com/"},
    "the base_url must begin with https://, since the API key would travel in the clear"},
  {"plain http to a name that only looks like a loopback address", {base_url = "http://127.0.0.+1/"}, "the base_url "},
  {"plain http through a proxy", {base_url = LOOPBACK, proxy = "http://SECRET@127.0.0.1:3128"},
    "through a proxy (plain http is for localhost, 127.0.0.0/8 and [::1]; allow_insecure_http lifts this)"},
  {"another scheme", {base_url = "ftp://127.0.0.1/"}, 'the base_url must begin with https://, got "ftp://127.0.0.1/"'},
  {"a file", {base_url = "file:///etc/passwd"}, 'the base_url must begin with https://, got "file:///etc/passwd"'},
  {"an address without a scheme", {base_url = "dts-api.example.com/v1"}, libcurl.is_at_least(7, 81)
    and "the base_url must begin with https://" or "the base_url must be a URL such as https://"},
  {"an address that is none", {base_url = "https://"}, "the base_url must be a URL such as https://"},
  {"an address with a space", {base_url = "https://a b/"}, "the base_url must be a URL such as https://"},
  {"an address with a user", {base_url = "https://user@example.com/"},
    "the base_url must not hold a user name or password"},
  {"an address with a password", {base_url = "https://user:SECRET@example.com/"},
    "the base_url must not hold a user name or password"},
  {"an address with a query", {base_url = "https://example.com/v1?key=SECRET"},
    "the base_url must not hold a query (?)"},
  {"an address with an empty query", {base_url = "https://example.com/v1?"}, "the base_url must not hold a query (?)"},
  {"an address with a fragment", {base_url = "https://example.com/v1#a"}, "the base_url must not hold a fragment (#)"},
  {"an empty address", {base_url = ""}, "option 'base_url' must be a string that is not empty"},
  {"an address with a NUL", {base_url = "https://example.com/\0"},
    "option 'base_url' must be a string that is not empty and has no control characters"},
  {"a timeout of 0", {timeout = 0}, "option 'timeout' must be a number of seconds greater than 0 and at most 86400, "
    .. "got 0"},
  {"a timeout that is no number", {timeout = "5"}, "option 'timeout' must be a number of seconds greater than 0 and at "
    .. 'most 86400, got "5"'},
  {"a timeout that is NaN", {timeout = 0 / 0}, "option 'timeout' must be a number of seconds"},
  {"an endless timeout", {timeout = math.huge}, "option 'timeout' must be a number of seconds"},
  {"a negative connect_timeout", {connect_timeout = -1}, "option 'connect_timeout' must be a number of seconds"},
  {"a ca_file that is empty", {ca_file = ""}, "option 'ca_file' must be a string that is not empty"},
  {"a ca_path with a NUL", {ca_path = "/etc\0"}, "option 'ca_path' must be a string that is not empty and has no "
    .. "control characters, got"},
  {"a proxy that is no string", {proxy = 1}, "option 'proxy' must be a string, got a number"},
  {"a proxy that is no address", {proxy = "http://user:SECRET@127.0.0.1:notaport"}, "option 'proxy' must be a URL"},
  {"a proxy of an unknown kind", {proxy = "ftp://user:SECRET@127.0.0.1:21"}, "option 'proxy' must be a URL with "},
  {"a proxy with a space", {proxy = "http://user:SEC RET@127.0.0.1:21"}, "option 'proxy' must be a URL with "},
  {"a proxy with a control character", {proxy = "http://a\1SECRET"}, "option 'proxy' must be a string that is not "},
  {"a user_agent with a line break", {user_agent = "a\r\nX: y"}, "option 'user_agent' must be a string that is not "},
  {"max_response_bytes of 0", {max_response_bytes = 0}, "option 'max_response_bytes' must be a whole number of bytes"},
  {"max_response_bytes of a fraction", {max_response_bytes = 1.5}, "option 'max_response_bytes' must be a whole"},
  {"allow_insecure_http that is no boolean", {allow_insecure_http = "yes"},
    "option 'allow_insecure_http' must be true or false, got \"yes\""},
  {"headers that are no table", {headers = "X: SECRET"},
    "option 'headers' must be a table of names and values, got a string"},
  {"a header in a list", {headers = {"X: y"}}, "option 'headers' must have header names as its keys, got 1"},
  {"a header name with a colon", {headers = {["X:"] = "y"}}, "option 'headers' must have header names as its keys"},
  {"an empty header name", {headers = {[""] = "y"}}, "option 'headers' must have header names as its keys, got \"\""},
  {"a header value with a line break", {headers = {["X-A"] = "SECRET\r\nAuthorization: x"}},
    "option 'headers' must have strings without control characters as its values: see X-A"},
  {"a header value that is no string", {headers = {["X-A"] = 1}}, "as its values: see X-A"},
  {"the header Authorization", {headers = {authorization = "SECRET"}},
    "option 'headers' must not set authorization: pass api_key or token"},
  {"the header Content-Length", {headers = {["Content-Length"] = "0"}}, "must not set Content-Length: libcurl sets it"},
  {"the header Host", {headers = {HOST = "x"}}, "must not set HOST: pass base_url"},
}

local function with_defaults(options)
  if type(options) ~= "table" then
    return options
  end
  local all = {}
  for name, value in pairs(options) do
    all[name] = value
  end
  all.api_key = all.api_key == nil and KEY or all.api_key
  all.base_url = all.base_url or LOOPBACK
  return all
end

describe("options of supermetrics.new", function()
  for _, row in ipairs(refused) do
    it("refuse " .. row[1], function()
      local ok, message = pcall(supermetrics.new, with_defaults(row[2]))
      assert.is_false(ok)
      assert.truthy(message:find(row[3], 1, true), message)
      assert.truthy(message:find("supermetrics: ", 1, true), message)
      assert.is_nil(message:find("SECRET", 1, true), message)
      assert.is_nil(message:find("5318008", 1, true), message)
    end)
  end

  it("are not changed, and an absent one is a default", function()
    local options = {api_key = KEY, base_url = LOOPBACK}
    supermetrics.new(options):close()
    assert.same({api_key = KEY, base_url = LOOPBACK}, options)
  end)

  it("accept every address of this machine with plain http", function()
    for _, host in ipairs{"127.0.0.1", "127.8.9.10", "127.1", "localhost", "LOCALHOST", "[::1]"} do
      supermetrics.new{api_key = KEY, base_url = "http://" .. host .. ":9/v1"}:close()
    end
  end)

  it("accept plain http to anywhere where it is asked for by name", function()
    supermetrics.new{api_key = KEY, base_url = "http://192.0.2.1/v1", allow_insecure_http = true}:close()
  end)

  it("accept https to anywhere, with and without a slash at the end", function()
    for _, address in ipairs{"https://example.com", "https://example.com/", "https://example.com:8443/a/b/"} do
      local client = supermetrics.new{api_key = KEY, base_url = address}
      assert.equal("supermetrics.Client (" .. address:gsub("/$", "") .. ")", tostring(client))
      client:close()
    end
  end)

  describe("reach the server:", function()
    local server

    setup(function()
      server = scripted_server.start()
    end)

    teardown(function()
      server:stop()
    end)

    local function request_with(options, overrides)
      server:script{answers.backfill()}
      options.api_key = KEY
      options.base_url = options.base_url or server:base_url()
      local client = supermetrics.new(options)
      assert(client:cancel_backfill(12345, 67890, overrides))
      client:close()
      return server:requests()[1]
    end

    it("user_agent, behind ours", function()
      local user_agent = request_with{user_agent = "nightly-guard/1.2"}.headers["user-agent"]
      assert.truthy(user_agent:find("^supermetrics%-lua/%d+%.%d+%.%d+ nightly%-guard/1%.2$"), user_agent)
    end)

    it("headers, those of one call in place of the client's", function()
      local request = request_with({headers = {["X-Team"] = "growth", ["X-Empty"] = "", ["X-Job"] = "a"}},
        {headers = {["x-job"] = "b"}})
      assert.equal("growth", request.headers["x-team"])
      assert.equal("", request.headers["x-empty"])
      assert.equal("b", request.headers["x-job"])
    end)

    it("base_url with a path of its own, and with slashes at the end", function()
      local request = request_with{base_url = server:base_url() .. "/nested//"}
      assert.equal("/v1/nested/teams/12345/backfills/67890", request.path)
    end)

    it("proxy, which sees the tunnel and not the key", function()
      server:script{{at = "headers", {close = true}}}
      local client = supermetrics.new{api_key = KEY, base_url = "https://api.example.com/v1",
        proxy = ("http://127.0.0.1:%d"):format(server.port)}
      local _, err = client:cancel_backfill(12345, 67890)
      assert.equal("network", err.kind)
      assert.equal("not_applied", err.outcome)
      local request = server:requests()[1]
      assert.equal("CONNECT", request.method)
      assert.is_nil(request.headers.authorization)
      client:close()
    end)
  end)

  it("trust a server by ca_file, and then no other", function()
    local server = scripted_server.start{tls = {}}
    server:script{answers.backfill()}
    local trusting = supermetrics.new{api_key = KEY, base_url = server:base_url(), ca_file = server.ca_file}
    assert.truthy(trusting:cancel_backfill(12345, 67890))
    trusting:close()
    local usual = supermetrics.new{api_key = KEY, base_url = server:base_url()}
    assert.equal("tls", select(2, usual:cancel_backfill(12345, 67890)).kind)
    usual:close()
    local mistaken = supermetrics.new{api_key = KEY, base_url = server:base_url(), ca_file = "/nowhere.pem"}
    local _, err = mistaken:cancel_backfill(12345, 67890)
    assert.equal("tls", err.kind)
    assert.truthy(tostring(err):find("the file of trusted certificates is unusable", 1, true), tostring(err))
    mistaken:close()
    server:stop()
  end)
end)

describe("overrides of one call", function()
  local client

  setup(function()
    client = supermetrics.new{api_key = KEY, base_url = LOOPBACK}
  end)

  teardown(function()
    client:close()
  end)

  for _, row in ipairs{
    {"an unknown name", {deadlin = 1}, 'there is no override "deadlin"; there are deadline, headers, '},
    {"an option of a client", {base_url = LOOPBACK}, 'there is no override "base_url"; there are deadline, headers, '},
    {"no table", "SECRET", "the overrides must be a table, got a string"},
    {"an impossible timeout", {timeout = -1}, "override 'timeout' must be a number of seconds"},
    {"an unusable token", {token = "SECRET\n"}, "override 'token' must be printable ASCII"},
    {"a reserved header", {headers = {Host = "x"}}, "override 'headers' must not set Host"},
  } do
    it("refuse " .. row[1], function()
      local ok, message = pcall(client.cancel_backfill, client, 1, 2, row[2])
      assert.is_false(ok)
      assert.truthy(message:find("cancel_backfill: " .. row[3], 1, true), message)
      assert.is_nil(message:find("SECRET", 1, true))
    end)
  end
end)
