local answers = require "spec.support.answers"
local scripted_server = require "spec.support.scripted_server"
local supermetrics = require "supermetrics"

local HAS_INTEGERS = math.type ~= nil

-- What an integer of the wire is in this Lua.
local function integer(digits)
  if HAS_INTEGERS then
    return math.tointeger(digits) or error("not an integer: " .. digits)
  end
  return math.abs(tonumber(digits)) < 2 ^ 53 and tonumber(digits) or digits
end

describe("supermetrics.backfill module", function()
  local server, client

  setup(function()
    server = scripted_server.start()
    client = supermetrics.new{api_key = "key_of_the_backfill_spec", base_url = server:base_url()}
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  local function read(changes, id)
    server:script{answers.backfill(changes)}
    return assert(client:get_backfill(12345, id or 67890))
  end

  local function assert_integer(expected, value)
    assert.equal(expected, value)
    if HAS_INTEGERS then
      assert.equal("integer", math.type(value))
    end
  end

  describe("fields", function()
    it("have the names of the wire, and pairs shows them all", function()
      local names = {}
      for name in pairs(read()) do
        names[#names + 1] = name
      end
      table.sort(names)
      assert.same({"created_time", "created_user_id", "end_time", "error_report", "range_end_date",
        "range_start_date", "removed_time", "removed_user_id", "start_time", "status", "transfer_backfill_id",
        "transfer_id", "transfer_runs_completed", "transfer_runs_created", "transfer_runs_failed",
        "transfer_runs_total"}, names)
    end)

    it("are the same integers from numbers and from numeric strings", function()
      local from_numbers = read()
      local from_strings = read{transfer_backfill_id = '"67890"', transfer_id = '"456789"', created_user_id = '"789"',
        removed_user_id = '"790"', transfer_runs_total = '"31"', transfer_runs_created = '"31"',
        transfer_runs_completed = '"25"', transfer_runs_failed = '"2"'}
      assert.same(from_numbers, from_strings)
      assert_integer(31, from_strings.transfer_runs_total)
      assert_integer(456789, from_numbers.transfer_id)
    end)

    for _, digits in ipairs{"9223372036854775807", "9007199254740993", "9007199254740992", "9007199254740991",
      "1000000000000000", "999999999999999", "1"} do
      it("are exact for the id " .. digits .. ", as a number and as a string", function()
        for _, text in ipairs{digits, '"' .. digits .. '"'} do
          local backfill = read({transfer_backfill_id = text, transfer_id = text}, digits)
          assert_integer(integer(digits), backfill.transfer_backfill_id)
          assert_integer(integer(digits), backfill.transfer_id)
          assert.equal(digits, ("%s"):format(tostring(backfill):match("^backfill (%d+)")))
        end
      end)
    end

    it("can be passed back as ids", function()
      local backfill = read({transfer_backfill_id = "9007199254740993"}, "9007199254740993")
      server:script{answers.backfill{transfer_backfill_id = "9007199254740993"}}
      assert.truthy(client:cancel_backfill(1, backfill.transfer_backfill_id))
      local requests = server:requests()
      assert.equal("/v1/teams/1/backfills/9007199254740993", requests[#requests].path)
    end)

    it("are nil where the wire says null, and where it says nothing", function()
      local backfill = read{start_time = "null", end_time = false, removed_user_id = "null", extra = "null"}
      assert.is_nil(backfill.start_time)
      assert.is_nil(backfill.end_time)
      assert.is_nil(backfill.removed_user_id)
      assert.is_nil(backfill.extra)
    end)

    it("that are described as required may be missing, the id and the status excepted", function()
      local backfill = read{transfer_id = false, range_start_date = false, transfer_runs_total = "null"}
      assert.is_nil(backfill.transfer_id)
      assert.equal("backfill 67890 of transfer ?: CANCELLED", tostring(backfill))
    end)

    it("have in error_report always a list", function()
      assert.same({}, read().error_report)
      assert.same({}, read{error_report = "null"}.error_report)
      assert.same({}, read{error_report = false}.error_report)
      local entry = '{"transfer_run_date":"2024-01-15","error":"Timed out"}'
      assert.same({{transfer_run_date = "2024-01-15", error = "Timed out"}},
        read{error_report = "[" .. entry .. "]"}.error_report)
      assert.same({{transfer_run_date = "2024-01-15", error = "Timed out"}}, read{error_report = entry}.error_report)
      assert.same({{error = "a"}, {error = "b"}},
        read{error_report = '[{"error":"a"},null,{"error":"b"}]'}.error_report)
    end)

    it("that are unknown are kept, with what is in them", function()
      local backfill = read{priority = "7", labels = '["a","b"]', owner = '{"id":9007199254740993,"note":null}',
        ratio = "0.5", flag = "true"}
      assert_integer(7, backfill.priority)
      assert.same({"a", "b"}, backfill.labels)
      assert_integer(integer("9007199254740993"), backfill.owner.id)
      assert.is_nil(backfill.owner.note)
      assert.equal(0.5, backfill.ratio)
      assert.is_true(backfill.flag)
    end)

    it("that are unknown integers of over 64 bits are kept as their digits", function()
      assert.equal("123456789012345678901234567890", read{huge = "123456789012345678901234567890"}.huge)
      assert_integer(integer("-9223372036854775808"), read{low = "-9223372036854775808"}.low)
    end)

    it("that are strings of digits, or begin with the byte 0xFF, stay the strings they are", function()
      local big = "9007199254740993"
      local backfill = read{text = '"' .. big .. '"', marked = '"\255' .. big .. '"', twice = '"\255\255"',
        number = big, ["\255key"] = '"\255"', quoted = '"a\\"' .. big .. '"'}
      assert.equal(big, backfill.text)
      assert.equal("\255" .. big, backfill.marked)
      assert.equal("\255\255", backfill.twice)
      assert.equal("\255", backfill["\255key"])
      assert.equal('a"' .. big, backfill.quoted)
      assert.equal(integer(big), backfill.number)
    end)
  end)

  it("is not the one that was asked for where its id is a rounded float, or its status only begins right", function()
    server:script{answers.backfill{transfer_backfill_id = "9007199254740993.0"}}
    assert.equal("invalid_response", select(2, client:get_backfill(1, "9007199254740992")).kind)
    server:script{answers.backfill{status = '"CANCELLED\\u0000NOT"'}}
    local _, err = client:cancel_backfill(1, 67890)
    assert.equal("invalid_response", err.kind)
  end)

  describe("methods", function()
    it("are not needed by tostring, so that fields of their names do no harm", function()
      assert.equal("backfill 67890 of transfer 456789: CANCELLED, 2024-01-01 to 2024-01-31, 27 of 31 runs ended, "
        .. "2 of them failed", tostring(read{progress = "0.5", is_finished = "true"}))
    end)

    it("tell for each status whether it can be cancelled, and whether it is final", function()
      local expected = {
        CREATED = {true, false}, SCHEDULED = {true, false}, RUNNING = {true, false}, FAILED = {true, false},
        COMPLETED = {false, true}, CANCELLED = {false, true}, PAUSED = {false, false},
      }
      for status, answer in pairs(expected) do
        local backfill = read{status = '"' .. status .. '"'}
        assert.equal(status, backfill.status)
        assert.same(answer, {backfill:is_cancellable(), backfill:is_finished()})
      end
    end)

    it("tell the progress as a share, the runs that ended, and all runs", function()
      assert.same({27 / 31, 27, 31}, {read():progress()})
      assert.same({0, 0, 0}, {read{status = '"CREATED"', transfer_runs_total = "0", transfer_runs_completed = "0",
        transfer_runs_failed = "0"}:progress()})
      assert.same({1, 0, 0}, {read{transfer_runs_total = "0", transfer_runs_completed = "0",
        transfer_runs_failed = "0"}:progress()})
      assert.is_nil((read{transfer_runs_total = "null"}:progress()))
    end)

    it("say it in one line", function()
      assert.equal("backfill 67890 of transfer 456789: CANCELLED, 2024-01-01 to 2024-01-31, 27 of 31 runs ended, "
        .. "2 of them failed", tostring(read()))
      assert.equal("backfill 67890 of transfer 456789: RUNNING, 2024-01-01 to 2024-01-31, 25 of 31 runs ended",
        tostring(read{status = '"RUNNING"', transfer_runs_failed = "0"}))
    end)
  end)
end)
