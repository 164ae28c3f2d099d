local answers = require "spec.support.answers"
local process = require "spec.support.process"
local scripted_server = require "spec.support.scripted_server"
local supermetrics = require "supermetrics"

describe("supermetrics.client module", function()
  local server, client

  setup(function()
    server = scripted_server.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    client = supermetrics.new{api_key = "key_of_the_client_spec", base_url = server:base_url()}
  end)

  after_each(function()
    client:close()
  end)

  it("cancels a backfill and returns it, no error, and the response", function()
    server:script{answers.backfill()}
    local backfill, err, response = client:cancel_backfill(12345, 67890)
    assert.equal(67890, backfill.transfer_backfill_id)
    assert.equal("CANCELLED", backfill.status)
    assert.is_nil(err)
    assert.equal(200, response.status)
    assert.equal("request-1", response.request_id)
    assert.equal(1, response.attempts)
    assert.equal("number", type(response.elapsed))
  end)

  it("reads a backfill in whatever status it is", function()
    server:script{answers.backfill{status = '"RUNNING"'}}
    local backfill = assert(client:get_backfill(12345, 67890))
    assert.equal("RUNNING", backfill.status)
  end)

  it("returns nil, the error and the response for what the server refuses", function()
    server:script{answers.error(422, "UNPROCESSABLE_ENTITY", {["X-RateLimit-Remaining"] = "49"})}
    local backfill, err, response = client:cancel_backfill(12345, 67890)
    assert.is_nil(backfill)
    assert.equal("unprocessable", err.kind)
    assert.equal(422, response.status)
    assert.equal("49", response.headers["X-RateLimit-Remaining"])
  end)

  it("finds a header of the response in any case, and joins repeated ones", function()
    server:script{answers.json(404, '{"error":{"code":"NOT_FOUND"}}', {["X-Span-Id"] = "span-1",
      [1] = "Via: one", [2] = "via:  two  "})}
    local _, _, response = client:get_backfill(12345, 67890)
    for _, name in ipairs{"X-Span-Id", "x-span-id", "X-SPAN-ID"} do
      assert.equal("span-1", response.headers[name])
    end
    assert.equal("one, two", response.headers.via)
    assert.is_nil(response.headers["X-Absent"])
    assert.is_nil(response.headers[1])
  end)

  it("takes the request id from the body, else from the header", function()
    server:script{answers.json(404, '{"meta":{"request_id":"of-the-body"},"error":{"code":"NOT_FOUND"}}',
      {["X-Request-Id"] = "of-the-header"})}
    assert.equal("of-the-body", select(2, client:get_backfill(1, 2)).request_id)
    server:script{answers.json(404, '{"error":{"code":"NOT_FOUND"}}', {["X-Request-Id"] = "of-the-header"})}
    assert.equal("of-the-header", select(2, client:get_backfill(1, 2)).request_id)
  end)

  it("ignores the headers of answers that precede the final one", function()
    server:script{{{send = "HTTP/1.1 103 Early Hints\r\nX-Request-Id: early\r\n\r\n"}, {send = answers.backfill()}}}
    local _, _, response = client:get_backfill(12345, 67890)
    assert.is_nil(response.headers["x-request-id"])
  end)

  it("uses one connection for a thousand calls", function()
    server:script{answers.backfill()}
    for _ = 1, 1000 do
      assert(client:cancel_backfill(12345, 67890))
    end
    assert.equal(1000, #server:requests())
    assert.equal(1, (server:connections()))
  end)

  it("lets libcurl send a read again when a kept-alive connection dies", function()
    server:script{answers.backfill(), {{close = true}}, answers.backfill()}
    assert(client:get_backfill(12345, 67890))
    assert(client:get_backfill(12345, 67890))
    assert.equal(3, #server:requests())
  end)

  it("undoes compression, and holds the limit after it", function()
    local pipe = assert(io.popen("head -c 65536 /dev/zero | tr '\\0' ' ' | gzip -9n", "r"))
    local bomb = pipe:read("*a")
    pipe:close()
    assert.truthy(#bomb < 200)
    server:script{answers.json(200, bomb, {["Content-Encoding"] = "gzip"})}
    local limited = supermetrics.new{api_key = "key_of_the_client_spec", base_url = server:base_url(),
      max_response_bytes = 4096}
    local _, err = limited:get_backfill(12345, 67890)
    assert.equal("the body of the answer is over the limit of 4096 bytes", err.reason)
    limited:close()
  end)

  it("keeps its connections from programs that the host starts", function()
    server:script{answers.backfill()}
    assert(client:get_backfill(12345, 67890))
    local child = process.start{"sleep", "60"}
    client:close()
    assert.is_true(server:wait_for("open", 0))
    child:signal("KILL")
  end)

  it("refuses calls once closed, and closes twice", function()
    client:close()
    client:close()
    local ok, message = pcall(client.get_backfill, client, 1, 2)
    assert.is_false(ok)
    assert.truthy(message:find("the client is closed", 1, true))
    assert.equal("supermetrics.Client (closed)", tostring(client))
  end)

  it("says so when a method is called without its client", function()
    for _, method in ipairs{"cancel_backfill", "get_backfill", "close"} do
      local ok, message = pcall(client[method], 12345, 67890)
      assert.is_false(ok)
      assert.truthy(message:find("write client:method(...), not client.method(...)", 1, true), message)
    end
  end)
end)
