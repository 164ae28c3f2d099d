--- What was measured on: processor, system and versions; nothing that names the machine.

local machine = {}

local PACKAGES = {"libcurl4", "libcurl3-gnutls", "lua5.4", "lua5.1", "luajit2", "lua-cjson", "nginx",
  "libnginx-mod-http-lua", "lua-http", "lua-socket", "lua-sec", "lua-curl", "curl", "openssl", "lua-cqueues",
  "valgrind", "gcc"}

local function read(command)
  local pipe = assert(io.popen(command .. " 2>/dev/null", "r"))
  local text = pipe:read("*l")
  pipe:close()
  return text and text ~= "" and text or "unknown"
end

--- @return string a list in Markdown
function machine.describe()
  local versions = {}
  for _, package in ipairs(PACKAGES) do
    versions[#versions + 1] = package .. " " .. read("dpkg-query -W -f '${Version}' " .. package)
  end
  return table.concat({
    ("- processor: %s, %s cores"):format(read("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo"), read("nproc")),
    ("- load when it began: %s"):format(read("cut -d ' ' -f 1 /proc/loadavg")),
    ("- memory: %s"):format(read("awk '/^MemTotal/ { printf \"%.1f GiB\", $2 / 1048576 }' /proc/meminfo")),
    ("- system: %s, Linux %s"):format(read(". /etc/os-release && echo \"$PRETTY_NAME\""),
      read("uname -r | sed 's/-.*//'")),
    "- packages: " .. table.concat(versions, ", "),
  }, "\n") .. "\n"
end

return machine
