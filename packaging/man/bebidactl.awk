# One command's --help as a section of the manual page; variables: command ("" for bebidactl itself).
#   bebidactl <command> --help | awk -f roff.awk -f bebidactl.awk -v command=<command>

BEGIN {
    if (command != "")
        printf ".SS bebidactl %s\n", roff(command)
}

/^[^ ].*:$/ {
    section = $0
    if (section == "Options:" && command == "")
        print ".SH OPTIONS"
    if (section == "Commands:" && command == "")
        print ".SH COMMANDS"
    if (section == "Examples:")
        print ".PP\nExamples:\n.PP\n.RS\n.EX"
    next
}

# Every command takes bebidactl's own options too: they are said once.
command != "" && section == "Options:" && /^  (-\?|-c|-v), / { next }

section == "Examples:" {
    sub(/^  /, "")
    print roff($0)
    next
}

/^$/ { next }

section == "Description:" {
    sub(/^ */, "")
    print roff($0)
}

section == "Usage:" && command != "" {
    sub(/^ */, "")
    printf ".PP\n.B %s\n", roff($0)
}

# A name and what it means, apart by two spaces or more.
section == "Options:" || section == "Arguments:" {
    sub(/^  /, "")
    at = match($0, /  +/)
    printf ".TP\n.B %s\n%s\n", roff(substr($0, 1, at - 1)), roff(substr($0, at + RLENGTH))
}

END {
    if (section == "Examples:")
        print ".EE\n.RE"
}
