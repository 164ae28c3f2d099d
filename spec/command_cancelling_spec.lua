-- supermetrics-backfill cancel and cancel-all, off a terminal.

local command = require "spec.support.command"
local sandbox = require "spec.support.sandbox"

describe("supermetrics-backfill", function()
  local service, cli

  setup(function()
    service = sandbox.start()
    cli = command.new(service)
  end)

  teardown(function()
    service:stop()
  end)

  before_each(function()
    service:reset()
  end)

  local function status_of(backfill_id)
    return service:get(backfill_id).json.data.status
  end

  describe("cancel", function()
    it("cancels one and shows what became of it", function()
      local exit_code, stdout, stderr = cli:run("cancel", "12345", "1003", "--yes")
      assert.same({0, ""}, {exit_code, stderr})
      assert.equal("BACKFILL  RESULT     TRANSFER  RANGE                     RUNS ENDED\n"
        .. "1003      CANCELLED  502       2024-01-01 to 2024-01-31  25 of 31\n", stdout)
      assert.equal("CANCELLED", status_of(1003))
    end)

    it("needs --yes where it cannot ask, and sends nothing without", function()
      local exit_code, stdout, stderr = cli:run("cancel", "12345", "1003")
      assert.same({2, ""}, {exit_code, stdout})
      assert.equal("supermetrics-backfill: cancel asks before it cancels, and there is no terminal to ask on: add "
        .. "--yes, or --dry-run to see what it would cancel\n", stderr)
      assert.equal(2, (cli:run("cancel-all", "12345")))
      assert.equal(0, service:statistics().requests)
    end)

    it("cancels several at once, tells of each as it is done, and names what went wrong", function()
      local exit_code, stdout, stderr = cli:run("cancel", "12345", "1003", "1005", "9223372036854775807", "--yes",
        "--concurrency", "1")
      assert.equal(5, exit_code)
      assert.truthy(stdout:find("\n1003                 CANCELLED          502 ", 1, true), stdout)
      assert.truthy(stdout:find("\n1005                 already COMPLETED  503 ", 1, true), stdout)
      assert.truthy(stdout:find("\n9223372036854775807  CANCELLED          504 ", 1, true), stdout)
      assert.truthy(stderr:find("1 of 3: backfill 1003: CANCELLED\n2 of 3: backfill 1005: already COMPLETED\n3 of 3: "
        .. "backfill 9223372036854775807: CANCELLED\nsupermetrics-backfill: cancel_backfill: unprocessable ", 1, true),
        stderr)
    end)

    it("shows no progress with --quiet", function()
      local _, _, stderr = cli:run("cancel", "12345", "1003", "1002", "--yes", "--quiet")
      assert.equal("", stderr)
    end)

    it("is one document with --json, whatever became of each", function()
      local exit_code, document, text = cli:json("cancel", "12345", "9007199254740993", "9999", "1003", "--yes")
      assert.equal(4, exit_code)
      assert.same({2, 1, false, 3}, {document.cancelled, document.failed, document.dry_run, #document.results})
      assert.equal("CANCELLED", document.results[1].backfill.status)
      assert.same({9999, "not_found"}, {document.results[2].id, document.results[2].error.kind})
      assert.equal("not_applied", document.results[2].error.outcome)
      assert.truthy(text:find('"id":9007199254740993}', 1, true), text)
    end)

    it("says with exit code 5 that a backfill was final already", function()
      assert.equal(5, (cli:run("cancel", "12345", "1005", "--yes")))
      local exit_code, document = cli:json("cancel", "12345", "1006", "--yes")
      assert.same({5, "unprocessable", "CANCELLED"},
        {exit_code, document.results[1].error.kind, document.results[1].error.backfill.status})
    end)

    it("--ensure counts one that is CANCELLED already as a success, and one that COMPLETED not", function()
      local exit_code, document = cli:json("cancel", "12345", "1006", "--yes", "--ensure")
      assert.same({0, 1, 0, "CANCELLED"},
        {exit_code, document.cancelled, document.failed, document.results[1].backfill.status})
      assert.equal(5, (cli:run("cancel", "12345", "1006", "1005", "--yes", "--ensure")))
    end)

    it("--dry-run reads and shows, changes nothing, and ends as the cancel would", function()
      local exit_code, stdout = cli:run("cancel", "12345", "1003", "1004", "--dry-run")
      assert.equal(0, exit_code)
      assert.truthy(stdout:find("\n1003      to be cancelled, is RUNNING  502 ", 1, true), stdout)
      assert.truthy(stdout:find("\n1004      to be cancelled, is FAILED   502 ", 1, true), stdout)
      local document
      exit_code, document = cli:json("cancel", "12345", "1003", "1005", "--dry-run")
      assert.same({5, true, 0, 1}, {exit_code, document.dry_run, document.cancelled, document.failed})
      assert.same({"RUNNING", "COMPLETED"},
        {document.results[1].backfill.status, document.results[2].backfill.status})
      assert.equal(5, (cli:run("cancel", "12345", "1006", "--dry-run")))
      assert.equal(0, (cli:run("cancel", "12345", "1006", "--dry-run", "--ensure")))
      assert.equal(4, (cli:run("cancel", "12345", "9999", "1005", "--dry-run")))
      assert.equal(0, service:statistics().by_operation.cancel_backfill)
    end)

    it("says with exit code 8 that nobody knows", function()
      service:faults{{operation = "cancel_backfill", drop = "after"}, {operation = "get_backfill", status = 500}}
      local exit_code, document, _, stderr = cli:json("cancel", "12345", "1003", "--yes", "--max-attempts", "1")
      assert.same({8, "network", "unknown"},
        {exit_code, document.results[1].error.kind, document.results[1].error.outcome})
      assert.truthy(document.results[1].error.look_error)
      assert.truthy(stderr:find("may have taken effect", 1, true), stderr)
      service:faults{{operation = "cancel_backfill", drop = "after"}, {operation = "get_backfill", status = 500}}
      local _, stdout = cli:run("cancel", "12345", "1002", "--yes", "--max-attempts", "1")
      assert.truthy(stdout:find("\n1002      outcome unknown  ", 1, true), stdout)
    end)

    it("says with exit code 3 that the key may not", function()
      local reader = cli:with{SUPERMETRICS_API_KEY = "sandbox_read_only_key"}
      local exit_code, stdout, stderr = reader:run("cancel", "12345", "1003", "1002", "--yes", "--concurrency", "1")
      assert.equal(3, exit_code)
      assert.truthy(stdout:find("\n1003      forbidden  ", 1, true), stdout)
      assert.truthy(stdout:find("\n1002      not sent   ", 1, true), stdout)
      assert.truthy(stderr:find("supermetrics-backfill: cancel_backfill: forbidden (HTTP 403", 1, true), stderr)
    end)

    it("ends as the worst of several", function()
      service:faults{{operation = "cancel_backfill", backfill_id = "1001", status = 400}}
      assert.equal(4, (cli:run("cancel", "12345", "1006", "9999", "1003", "--yes")))
      assert.equal(1, (cli:run("cancel", "12345", "1006", "9999", "1001", "--yes")))
    end)
  end)

  describe("cancel-all", function()
    before_each(function()
      -- Whatever is asked of 1007 is answered with 500, which takes its time.
      service:faults{{operation = "cancel_backfill", backfill_id = "1007", status = 422}}
    end)

    it("cancels those of a transfer or of a status", function()
      assert.equal(0, (cli:run("cancel-all", "12345", "--transfer", "502", "--status", "RUNNING", "--yes")))
      assert.same({"CANCELLED", "FAILED", "RUNNING"},
        {status_of(1003), status_of(1004), status_of("9007199254740993")})
      local exit_code, stdout, stderr = cli:run("cancel-all", "12345", "--status", "CREATED", "--status", "SCHEDULED",
        "--yes")
      assert.equal(0, exit_code)
      assert.truthy(stdout:find("\n1001      CANCELLED  501 ", 1, true), stdout)
      assert.truthy(stdout:find("\n1002      CANCELLED  501 ", 1, true), stdout)
      assert.truthy(stderr:find("\n2 of 2: backfill 100[12]: CANCELLED\n$"), stderr)
    end)

    it("cancels all, and what stands behind the first hundred", function()
      service:add_backfills{count = 130}
      local exit_code, document, _, stderr = cli:json("cancel-all", "12345", "--yes", "--concurrency", "50")
      assert.equal(1, exit_code)
      assert.same({136, 1, 137}, {document.cancelled, document.failed, #document.results})
      assert.truthy(stderr:find("\n100 of 100: backfill ", 1, true), stderr)
      assert.truthy(stderr:find("\n137 of 137: backfill ", 1, true), stderr)
    end)

    it("--dry-run lists and cancels nothing", function()
      local exit_code, stdout = cli:run("cancel-all", "12345", "--dry-run", "--transfer", "504")
      assert.equal(0, exit_code)
      assert.truthy(stdout:find("\n9223372036854775807  to be cancelled, is RUNNING  504 ", 1, true), stdout)
      local document
      exit_code, document = cli:json("cancel-all", "12345", "--dry-run")
      assert.same({0, true, 7, 0}, {exit_code, document.dry_run, #document.results, document.cancelled})
      assert.equal(0, service:statistics().by_operation.cancel_backfill)
    end)

    it("is a success where there is nothing to cancel", function()
      assert.same({0, "", "nothing to cancel\n"}, {cli:run("cancel-all", "12345", "--transfer", "505", "--yes")})
      local _, _, text = cli:json("cancel-all", "12345", "--transfer", "505", "--yes")
      assert.equal('{"cancelled":0,"dry_run":false,"failed":0,"results":[]}\n', text)
    end)

    it("says why it could not list", function()
      local exit_code, document = cli:json("cancel-all", "67890", "--yes")
      assert.same({3, "forbidden"}, {exit_code, document.error.kind})
      assert.equal(3, (cli:run("cancel-all", "67890", "--dry-run")))
    end)

    it("keeps what it has done where a later list cannot be had", function()
      service:add_backfills{count = 130}
      service:faults{{operation = "list_incomplete_backfills", requests = {3}, status = 400}}
      local exit_code, document = cli:json("cancel-all", "12345", "--transfer", "505", "--yes", "--concurrency", "50")
      assert.same({1, "bad_request", 100}, {exit_code, document.error.kind, #document.error.results})
      assert.equal("CANCELLED", document.error.results[1].backfill.status)
    end)
  end)
end)
