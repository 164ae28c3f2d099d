rockspec_format = "3.0"
package = "supermetrics"
version = "scm-1"

source = {
  url = "git+file://.",
}

description = {
  summary = "Client for the Supermetrics Data Backfills API",
  detailed = [[
Cancels and reads backfills of data warehouse transfers. A C core on libcurl, exact 64-bit ids on every Lua,
and errors that say whether a write took effect.]],
  license = "MIT",
  labels = {"http", "api", "curl"},
}

dependencies = {
  "lua >= 5.1, < 5.5",
  "lua-cjson >= 2.1.0",
}

-- No `header`: luarocks would look for it in the places that it knows, and Debian's multiarch folder is none of them. The
-- compiler finds it there by itself, and elsewhere under CURL_DIR.
external_dependencies = {
  CURL = {
    library = "curl",
  },
}

build = {
  type = "builtin",
  modules = {
    ["supermetrics.attempts"] = "lua/supermetrics/attempts.lua",
    ["supermetrics.backfill"] = "lua/supermetrics/backfill.lua",
    ["supermetrics.batch"] = "lua/supermetrics/batch.lua",
    ["supermetrics.calendar"] = "lua/supermetrics/calendar.lua",
    ["supermetrics.cancelling"] = "lua/supermetrics/cancelling.lua",
    ["supermetrics.client"] = "lua/supermetrics/client.lua",
    ["supermetrics.core_types"] = "lua/supermetrics/core_types.lua",
    ["supermetrics.error"] = "lua/supermetrics/error.lua",
    ["supermetrics.gate"] = "lua/supermetrics/gate.lua",
    ["supermetrics.host"] = "lua/supermetrics/host.lua",
    ["supermetrics"] = "lua/supermetrics/init.lua",
    ["supermetrics.misuse"] = "lua/supermetrics/misuse.lua",
    ["supermetrics.options"] = "lua/supermetrics/options.lua",
    ["supermetrics.outcome"] = "lua/supermetrics/outcome.lua",
    ["supermetrics.retry"] = "lua/supermetrics/retry.lua",
    ["supermetrics.sandbox.calendar"] = "lua/supermetrics/sandbox/calendar.lua",
    ["supermetrics.sandbox.certificates"] = "lua/supermetrics/sandbox/certificates.lua",
    ["supermetrics.sandbox.command"] = "lua/supermetrics/sandbox/command.lua",
    ["supermetrics.sandbox.control"] = "lua/supermetrics/sandbox/control.lua",
    ["supermetrics.sandbox.exchange"] = "lua/supermetrics/sandbox/exchange.lua",
    ["supermetrics.sandbox.fault_reader"] = "lua/supermetrics/sandbox/fault_reader.lua",
    ["supermetrics.sandbox.faults"] = "lua/supermetrics/sandbox/faults.lua",
    ["supermetrics.sandbox.identifier"] = "lua/supermetrics/sandbox/identifier.lua",
    ["supermetrics.sandbox"] = "lua/supermetrics/sandbox/init.lua",
    ["supermetrics.sandbox.keys"] = "lua/supermetrics/sandbox/keys.lua",
    ["supermetrics.sandbox.misbehaviour"] = "lua/supermetrics/sandbox/misbehaviour.lua",
    ["supermetrics.sandbox.operations"] = "lua/supermetrics/sandbox/operations.lua",
    ["supermetrics.sandbox.progress"] = "lua/supermetrics/sandbox/progress.lua",
    ["supermetrics.sandbox.refusals"] = "lua/supermetrics/sandbox/refusals.lua",
    ["supermetrics.sandbox.request_log"] = "lua/supermetrics/sandbox/request_log.lua",
    ["supermetrics.sandbox.routes"] = "lua/supermetrics/sandbox/routes.lua",
    ["supermetrics.sandbox.sample"] = "lua/supermetrics/sandbox/sample.lua",
    ["supermetrics.sandbox.server"] = "lua/supermetrics/sandbox/server.lua",
    ["supermetrics.sandbox.service"] = "lua/supermetrics/sandbox/service.lua",
    ["supermetrics.sandbox.state"] = "lua/supermetrics/sandbox/state.lua",
    ["supermetrics.sandbox.wire"] = "lua/supermetrics/sandbox/wire.lua",
    ["supermetrics.sandbox.world"] = "lua/supermetrics/sandbox/world.lua",
    ["supermetrics.sleep.luv"] = "lua/supermetrics/sleep/luv.lua",
    ["supermetrics.types"] = "lua/supermetrics/types.lua",
    ["supermetrics.waiter"] = "lua/supermetrics/waiter.lua",
    ["supermetrics.waiting"] = "lua/supermetrics/waiting.lua",
    ["supermetrics.core"] = {
      sources = {
        "csrc/answer.c",
        "csrc/backfill.c",
        "csrc/base_url.c",
        "csrc/buffer.c",
        "csrc/call.c",
        "csrc/client.c",
        "csrc/core.c",
        "csrc/credential.c",
        "csrc/date.c",
        "csrc/error.c",
        "csrc/free_request.c",
        "csrc/handle_settings.c",
        "csrc/header_list.c",
        "csrc/http_date.c",
        "csrc/identifier.c",
        "csrc/integer.c",
        "csrc/json.c",
        "csrc/json_marks.c",
        "csrc/library.c",
        "csrc/misuse.c",
        "csrc/monotonic_clock.c",
        "csrc/operations.c",
        "csrc/options.c",
        "csrc/process_id.c",
        "csrc/proxy_url.c",
        "csrc/random.c",
        "csrc/request_url.c",
        "csrc/response.c",
        "csrc/transfer_end.c",
        "csrc/transport.c",
        "csrc/userdata.c",
      },
      libraries = {"curl"},
      incdirs = {"$(CURL_INCDIR)"},
      libdirs = {"$(CURL_LIBDIR)"},
    },
  },
}
