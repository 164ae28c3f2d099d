std = "min"
max_line_length = 120
exclude_files = {"build"}
files["spec"] = {std = "+busted"}
files["spec/support/scripted_server_process.lua"] = {std = "luajit"}
