--- Markdown to HTML, by the program cmark-gfm.

local markdown = {}

local SEPARATOR = "THE-NEXT-TEXT-BEGINS-HERE"

local function write_file(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

--- Renders many texts with one run of the program.
-- @param texts list of strings
-- @return list of HTML, in the same order
function markdown.render(texts)
  local path = os.tmpname()
  write_file(path, table.concat(texts, "\n\n" .. SEPARATOR .. "\n\n"))
  local pipe = assert(io.popen(("cmark-gfm --extension table '%s'"):format(path)))
  local html = pipe:read("*a")
  pipe:close()
  os.remove(path)
  local rendered = {}
  for part in (html .. "<p>" .. SEPARATOR .. "</p>\n"):gmatch("(.-)<p>" .. SEPARATOR:gsub("%-", "%%-") .. "</p>\n") do
    rendered[#rendered + 1] = part
  end
  if html == "" or #rendered ~= #texts then
    error(("cmark-gfm gave %d texts for %d: is it installed? (make setup-docs)"):format(#rendered, #texts), 0)
  end
  return rendered
end

return markdown
