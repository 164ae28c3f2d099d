-- The oldest libcurl that will do: what says so where it is built, what says so where it is loaded, and that nothing
-- newer is used unasked.

local process = require "spec.support.process"

local OLDEST = {7, 80}

local function output_of(command)
  local pipe = assert(io.popen(command .. " 2>&1", "r"))
  local output = pipe:read("*a")
  pipe:close()
  return output
end

local FLAGS = output_of("pkg-config --cflags lua5.4 libcurl"):gsub("%s+$", "")

describe("libcurl", function()
  local folder

  setup(function()
    folder = output_of("mktemp -d"):gsub("%s+$", "")
  end)

  teardown(function()
    os.execute("rm -rf " .. process.quote(folder))
  end)

  local function write(name, text)
    local path = folder .. "/" .. name
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    return path
  end

  -- A compiler's command that takes libcurl's headers for those of another version.
  local function compiler(version)
    local dependencies = output_of("echo '#include <curl/curlver.h>' | cc " .. FLAGS .. " -M -x c -")
    local header = output_of("cat " .. assert(dependencies:match("%S+curlver%.h"), dependencies))
    local changed, count = header:gsub("(#define LIBCURL_VERSION_NUM) 0x%x+", "%1 " .. version)
    assert.equal(1, count)
    return ("cc -std=c11 %s -include %s"):format(FLAGS, write("curlver.h", changed))
  end

  it("refuses to be built with 7.79, and says which it needs", function()
    local output = output_of(compiler("0x074f01") .. " -fsyntax-only csrc/library.c")
    assert.truthy(output:find("supermetrics needs libcurl 7.80.0 or newer", 1, true), output)
  end)

  -- What 7.80 has, the headers of a newer one may call deprecated.
  it("is built with 7.80 without a warning", function()
    assert.equal("", output_of("for file in csrc/*.c; do " .. compiler("0x075000")
      .. " -Wall -Wextra -Wpedantic -Werror -Wno-deprecated-declarations -fsyntax-only $file; done"))
  end)

  -- By the list that libcurl ships: the version that each symbol came with.
  local function versions_of_symbols()
    local versions = {}
    local text = output_of("zcat /usr/share/man/man3/libcurl-symbols.3.gz")
    for name, major, minor in text:gmatch("%.IP (CURL[%w_]+)\nIntroduced in (%d+)%.(%d+)") do
      versions[name] = {tonumber(major), tonumber(minor)}
    end
    assert.truthy(versions.CURLOPT_QUICK_EXIT[2] == 87, "the list was not read")
    return versions
  end

  it("has nothing newer than 7.80 used of it but behind a check of its version", function()
    local versions, searched = versions_of_symbols(), 0
    -- Conditions are resolved, macros are not; lines of other files are left out by their markers.
    local command = "for file in csrc/*.c; do %s -E -fdirectives-only $file | awk "
      .. "'/^# [0-9]+ / { own = $3 ~ /^\"csrc/ } own'; done"
    local used = output_of(command:format(compiler("0x075000"))):gsub("/%*.-%*/", "")
    for name in used:gmatch("%f[%w_]CURL[%u%d]*_[%u%d_]+") do
      local version = versions[name]
      if version then
        searched = searched + 1
        assert.truthy(version[1] < OLDEST[1] or version[1] == OLDEST[1] and version[2] <= OLDEST[2],
          ("%s came with %d.%d"):format(name, version[1], version[2]))
      end
    end
    assert.truthy(searched > 100)
    assert.is_nil(used:find("CURLOPT_QUICK_EXIT", 1, true))
  end)

  -- What a client says of a libcurl that tells so of itself.
  local function refusal(changes)
    local source = write("stub.c", ([[
      #define _GNU_SOURCE
      #include <curl/curl.h>
      #include <dlfcn.h>
      curl_version_info_data *curl_version_info(CURLversion age) {
        static curl_version_info_data changed;
        curl_version_info_data *(*own)(CURLversion) =
            (curl_version_info_data * (*)(CURLversion)) dlsym(RTLD_NEXT, "curl_version_info");
        changed = *own(age);
        %s;
        return &changed;
      }
    ]]):format(changes))
    local library = folder .. "/stub.so"
    assert.equal("", output_of(("cc -shared -fPIC %s -o %s %s -Wl,--no-as-needed -lcurl"):format(FLAGS,
      library, source)))
    local program = write("program.lua", [[
      local core = require "supermetrics.core"
      print(select(2, pcall(core.client, {api_key = "key"})))
    ]])
    return output_of(("LD_PRELOAD=%s %s %s"):format(process.quote((os.getenv("SPEC_PRELOAD") or "") .. " " .. library),
      process.own_interpreter(), program))
  end

  it("is refused by every client where it is older than 7.80", function()
    assert.equal("supermetrics: libcurl is 7.79.1, and the oldest that supermetrics works with is 7.80.0\n",
      refusal('changed.version = "7.79.1", changed.version_num = 0x074f01'))
  end)

  it("is refused by every client where it has no TLS", function()
    assert.equal("supermetrics: libcurl 9.1.0 was built without TLS\n",
      refusal('changed.version = "9.1.0", changed.features &= ~CURL_VERSION_SSL'))
  end)

  it("is taken where it is 7.80", function()
    assert.truthy(refusal("changed.version_num = 0x075000"):find("^supermetrics%.Client"))
  end)
end)
