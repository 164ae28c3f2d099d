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

external_dependencies = {
  CURL = {
    header = "curl/curl.h",
    library = "curl",
  },
}

build = {
  type = "builtin",
  modules = {
    ["supermetrics"] = "lua/supermetrics/init.lua",
    ["supermetrics.backfill"] = "lua/supermetrics/backfill.lua",
    ["supermetrics.client"] = "lua/supermetrics/client.lua",
    ["supermetrics.error"] = "lua/supermetrics/error.lua",
    ["supermetrics.misuse"] = "lua/supermetrics/misuse.lua",
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
        "csrc/error.c",
        "csrc/handle_settings.c",
        "csrc/header_list.c",
        "csrc/identifier.c",
        "csrc/integer.c",
        "csrc/json.c",
        "csrc/json_marks.c",
        "csrc/library.c",
        "csrc/misuse.c",
        "csrc/operations.c",
        "csrc/options.c",
        "csrc/response.c",
        "csrc/retry_after.c",
        "csrc/transfer_end.c",
        "csrc/transport.c",
      },
      libraries = {"curl"},
      incdirs = {"$(CURL_INCDIR)"},
      libdirs = {"$(CURL_LIBDIR)"},
    },
  },
}
