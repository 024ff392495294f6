# Makes the manual page bebida.yaml(5) from bebida.yaml: a key's default and the comment above it.
#   awk -f roff.awk -f bebida.yaml.awk -v version=0.1.0 bebida.yaml

function say(text) {
    if (text != "")
        print roff(text)
}

BEGIN {
    printf ".TH BEBIDA.YAML 5 \"\" \"BeBiDa %s\" \"File Formats\"\n", version
    print ".SH NAME\nbebida.yaml \\- configuration of BeBiDa"
    print ".SH SYNOPSIS\n.I /etc/bebida/bebida.yaml"
    print ".SH DESCRIPTION"
}

# A comment is kept until it is known whose it is.
/^ *#/ {
    sub(/^ *# ?/, "")
    comment = comment == "" ? $0 : comment "\n" $0
    next
}

# The comment at the head of the file is about all of it.
/^$/ {
    if (comment != "")
        tell()
    next
}

function tell(    lines, count, i) {
    count = split(comment, lines, "\n")
    for (i = 1; i <= count; i++)
        say(lines[i])
    comment = ""
}

{
    depth = match($0, /[^ ]/) - 1
    key = value = $0
    sub(/^ */, "", key)
    sub(/:.*/, "", key)
    sub(/^[^:]*: */, "", value)
    if (value == $0 || value ~ /:$/)
        value = ""
    path[depth] = key
    if (depth == 0) {
        if (!began++)
            print ".SH KEYS"
        printf ".SS %s\n", roff(key)
        tell()
        next
    }
    name = path[0]
    for (i = 2; i <= depth; i += 2)
        name = name "." path[i]
    printf ".TP\n\\fB%s\\fR%s\n", roff(name), value == "" ? "" : " (" roff(value) ")"
    # A key without a comment shares the one before it; .TP wants a text.
    if (comment == "")
        print "\\&"
    tell()
}

END {
    print ".SH FILES"
    print ".I /etc/bebida/bebida.yaml\n.br\n.I /etc/bebida/kubeconfig\n.PP"
    print "Both files must be owned by root or by the user who reads them, and nobody else may write them."
    print ".SH SEE ALSO"
    print ".BR bebida (7),"
    print ".BR bebidactl (1)"
}
