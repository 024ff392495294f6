# shellcheck shell=bash
# Which distribution this is, and so which packages it has: family is debian or rocky.

os_release=${OS_RELEASE:-/etc/os-release}

find_distribution() {
    local id like
    # shellcheck disable=SC1090,SC2153 # os-release(5) sets them.
    id=$(. "$os_release" && echo "$ID")
    # shellcheck disable=SC1090
    like=$(. "$os_release" && echo "${ID_LIKE:-}")
    case $id in
        debian | ubuntu) family=debian ;;
        rocky | almalinux | rhel | centos) family=rocky ;;
        *)
            case " $like " in
                *' debian '* | *' ubuntu '*) family=debian ;;
                *' rhel '* | *' fedora '*) family=rocky ;;
                *) die "$id: neither Debian, Ubuntu nor Rocky, nor like one of them; install by hand what docs/nodes.md lists" ;;
            esac
            warn "$id is taken for one like $family; it is not tested"
            ;;
    esac
}
