local answers = require "spec.support.answers"
local scripted_server = require "spec.support.scripted_server"
local supermetrics = require "supermetrics"

describe("operations of the API", function()
  local server, client

  setup(function()
    server = scripted_server.start()
    client = supermetrics.new{api_key = "key_of_the_operations_spec", base_url = server:base_url(), max_attempts = 1}
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  local function only_request()
    local requests = server:requests()
    assert.equal(1, #requests)
    return requests[1]
  end

  describe("list_incomplete_backfills", function()
    it("returns a list of backfills, newest first as the service sends them", function()
      server:script{answers.json(200, '{"meta":{"request_id":"r"},"data":['
        .. answers.backfill_json{transfer_backfill_id = "9223372036854775807", status = '"RUNNING"'} .. ","
        .. answers.backfill_json{transfer_backfill_id = '"12"', status = '"FAILED"', error_report = "null"} .. "]}")}
      local list, err, response = client:list_incomplete_backfills(12345)
      assert.is_nil(err)
      assert.equal(2, #list)
      assert.equal("9223372036854775807", tostring(list[1].transfer_backfill_id))
      assert.equal(12, list[2].transfer_backfill_id)
      assert.same({}, list[2].error_report)
      assert.is_true(list[2]:is_cancellable())
      assert.equal("r", response.request_id)
      assert.equal("GET", only_request().method)
      assert.equal("/v1/teams/12345/backfills", only_request().path)
    end)

    it("returns an empty list where there is none", function()
      server:script{answers.json(200, '{"meta":{"request_id":"r"},"data":[]}')}
      assert.same({}, (client:list_incomplete_backfills(12345)))
    end)

    for body, reason in pairs{
      ['{"data":{"a":1}}'] = 'the body has no list "data" in it',
      ['{"data":7}'] = 'the body has no list "data" in it',
      ['{"data":[7]}'] = "entry 1 of the body's data is not an object",
      ['{"data":[null]}'] = "entry 1 of the body's data is not an object",
      ['{"data":[{"transfer_backfill_id":1,"status":"RUNNING"},{"status":"RUNNING"}]}'] =
        "in entry 2 of the body's data, transfer_backfill_id is missing",
      ['{"error":{"code":"A"}}'] = "the answer is an error under a status of success",
    } do
      it("makes an error of " .. body, function()
        server:script{answers.json(200, body)}
        local list, err = client:list_incomplete_backfills(12345)
        assert.is_nil(list)
        assert.equal("invalid_response", err.kind)
        assert.equal("not_applied", err.outcome)
        assert.equal(reason, err.reason)
      end)
    end
  end)

  describe("get_latest_backfill", function()
    it("returns the newest backfill of a transfer, in whatever status it is", function()
      server:script{answers.backfill{status = '"COMPLETED"'}}
      assert.equal("COMPLETED", client:get_latest_backfill(12345, 456789).status)
      assert.equal("/v1/teams/12345/transfers/456789/backfills/latest", only_request().path)
    end)

    it("does not accept that of another transfer", function()
      server:script{answers.backfill()}
      local _, err = client:get_latest_backfill(12345, 456780)
      assert.equal("the answer is about transfer 456789, not 456780", err.reason)
    end)

    it("returns not_found where there never was one", function()
      server:script{answers.error(404, "NOT_FOUND")}
      assert.equal("not_found", select(2, client:get_latest_backfill(12345, 456789)).kind)
    end)
  end)

  describe("create_backfill", function()
    it("sends the range and returns the backfill", function()
      server:script{answers.backfill{status = '"CREATED"'}}
      assert.equal("CREATED", client:create_backfill(12345, 456789, "2024-01-01", "2024-01-31").status)
      assert.equal("POST", only_request().method)
      assert.equal("/v1/teams/12345/transfers/456789/backfills", only_request().path)
      assert.equal('{"range_start":"2024-01-01","range_end":"2024-01-31"}', only_request().body)
      assert.equal("application/json", only_request().headers["content-type"])
    end)

    it("takes a range of one day, and a leap day", function()
      server:script{answers.backfill()}
      assert.truthy(client:create_backfill(12345, 456789, "2024-02-29", "2024-02-29"))
    end)

    for _, row in ipairs{
      {"2023-02-29", "2024-01-31", 'range_start must be a day of the calendar as YYYY-MM-DD, got "2023-02-29"'},
      {"2024-01-01", "2024-04-31", 'range_end must be a day of the calendar as YYYY-MM-DD, got "2024-04-31"'},
      {"1900-02-29", "2024-04-30", "range_start must be a day of the calendar"},
      {"2024-13-01", "2024-04-30", "range_start must be a day of the calendar"},
      {"2024-00-01", "2024-04-30", "range_start must be a day of the calendar"},
      {"2024-01-00", "2024-04-30", "range_start must be a day of the calendar"},
      {"0000-01-01", "2024-04-30", "range_start must be a day of the calendar"},
      {"2024-1-1", "2024-04-30", "range_start must be a day of the calendar"},
      {"2024-01-01T00:00:00Z", "2024-04-30", "range_start must be a day of the calendar"},
      {"2024-01-01\0", "2024-04-30", "range_start must be a day of the calendar"},
      {20240101, "2024-04-30", "range_start must be a day of the calendar as YYYY-MM-DD, got 20240101"},
      {nil, "2024-04-30", "range_start must be a day of the calendar as YYYY-MM-DD, got nil"},
      {"2024-02-01", "2024-01-31", "range_start must not be after range_end, got 2024-02-01 and 2024-01-31"},
    } do
      it("refuses " .. tostring(row[1]) .. " to " .. row[2] .. " before anything is sent", function()
        server:script{answers.backfill()}
        local ok, message = pcall(client.create_backfill, client, 12345, 456789, row[1], row[2])
        assert.is_false(ok)
        assert.truthy(message:find("create_backfill: " .. row[3], 1, true), message)
        assert.equal(0, #server:requests())
      end)
    end
  end)

  describe("request", function()
    it("reaches any other path of the host, and returns the decoded body", function()
      server:script{answers.json(200, '{"data":[{"transfer_id":9007199254740993}]}')}
      local body, err, response = client:request("GET", "/teams/12345/transfers?limit=5")
      assert.is_nil(err)
      assert.equal("9007199254740993", tostring(body.data[1].transfer_id))
      assert.equal(200, response.status)
      assert.equal("/v1/teams/12345/transfers?limit=5", only_request().path)
      assert.equal("", only_request().body)
    end)

    it("sends a table as JSON, and text as it is", function()
      server:script{answers.json(200, "{}")}
      client:request("POST", "/teams/12345/transfers", {name = "x"})
      assert.equal('{"name":"x"}', only_request().body)
      assert.equal("application/json", only_request().headers["content-type"])
      server:script{answers.json(200, "{}")}
      client:request("PUT", "/teams/12345/transfers", '{"id":9007199254740993}')
      assert.equal('{"id":9007199254740993}', only_request().body)
      assert.equal("PUT", only_request().method)
    end)

    it("returns true for an answer without a body", function()
      server:script{"HTTP/1.1 204 No Content\r\n\r\n"}
      assert.is_true((client:request("DELETE", "/teams/12345/transfers/1")))
      assert.equal("DELETE", only_request().method)
    end)

    it("makes the same errors", function()
      server:script{answers.error(403, "ACCESS_DENIED")}
      local _, err = client:request("GET", "/teams/12345/transfers")
      assert.equal("forbidden", err.kind)
      assert.equal("request: forbidden (HTTP 403 ACCESS_DENIED): The message: The description. "
        .. "[GET /teams/12345/transfers, request_id request-2]", tostring(err))
      server:script{answers.json(200, "<html>")}
      _, err = client:request("POST", "/teams/12345/transfers")
      assert.equal("invalid_response", err.kind)
      assert.equal("unknown", err.outcome)
    end)

    it("sends again only what is a GET, or certainly had no effect", function()
      server:script{answers.error(500, "A"), answers.json(200, "{}")}
      assert.truthy(client:request("GET", "/x", nil, {max_attempts = 3}))
      server:script{answers.error(500, "A"), answers.json(200, "{}")}
      local _, err = client:request("DELETE", "/x", nil, {max_attempts = 3})
      assert.equal(1, err.attempts)
      assert.equal("unknown", err.outcome)
    end)

    local circle = {}
    circle.circle = circle
    for _, row in ipairs{
      {{"HEAD", "/x"}, 'method must be GET, POST, PUT, PATCH or DELETE, got "HEAD"'},
      {{"get", "/x"}, 'method must be GET, POST, PUT, PATCH or DELETE, got "get"'},
      {{"GET", "x"}, 'path must begin with / and hold neither spaces nor # nor other than printable ASCII, got "x"'},
      {{"GET", ""}, "path must begin with /"},
      {{"GET", "/a b"}, "path must begin with /"},
      {{"GET", "/a\r\nX: y"}, "path must begin with /"},
      {{"GET", "/a#b"}, "path must begin with /"},
      {{"GET", "@evil.example.com/"}, "path must begin with /"},
      {{"GET", 1}, "path must begin with /"},
      {{"POST", "/x", 5}, "body must be a table, JSON text or nil, got 5"},
      {{"POST", "/x", {f = print}}, "body cannot be written as JSON: "},
      {{"POST", "/x", circle}, "body cannot be written as JSON: "},
      {{"POST", "/x", {a = {{id = 2 ^ 53}}}}, "body cannot be written as JSON: a number in it has more than 14 digits "
        .. "and would be rounded: write it as a string"},
    } do
      it("refuses " .. tostring(row[1][1]) .. " " .. ("%q"):format(tostring(row[1][2])) .. ": " .. row[2], function()
        server:script{answers.json(200, "{}")}
        local ok, message = pcall(client.request, client, row[1][1], row[1][2], row[1][3])
        assert.is_false(ok)
        assert.truthy(message:find("request: " .. row[2], 1, true), message)
        assert.equal(0, #server:requests())
      end)
    end

    it("never leaves the host", function()
      server:script{answers.json(200, "{}")}
      client:request("GET", "/../../x")
      client:request("GET", "//other.example.com/x")
      for _, request in ipairs(server:requests()) do
        assert.equal(("127.0.0.1:%d"):format(server.port), request.headers.host)
      end
      assert.equal(2, #server:requests())
    end)
  end)
end)
