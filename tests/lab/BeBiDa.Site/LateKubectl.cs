namespace BeBiDa.Site;

/// <summary>
/// A kubectl that comes late, as where Kubernetes is slow just then: what a job's epilog asks of a node is done when the next
/// job's prolog has had its own. Of two jobs back to back, scripts lose that race now and then; with this one, always.
/// </summary>
internal static class LateKubectl
{
    /// <summary>Writes it into a directory, and returns its path. It ends with the directory.</summary>
    public static string Write(string directory, string kubectl)
    {
        var turns = Directory.CreateDirectory(Path.Combine(directory, "turns")).FullName;
        var path = Path.Combine(directory, "late-kubectl");
        // Its arguments are those of the scripts: --kubeconfig, a file, the verb, the node.
        File.WriteAllText(
            path,
            $$"""
            #!/bin/bash
            verb=$3 node=$4 turns={{turns}}
            if [ "$verb" = uncordon ]; then
                echo >> "$turns/$node.ended"
                while [ -d "$turns" ] && [ "$(wc -l < "$turns/$node.begun")" -le "$(wc -l < "$turns/$node.ended")" ]; do sleep 0.1; done
                [ -d "$turns" ] || exit 1
            fi
            '{{kubectl}}' "$@"
            code=$?
            [ "$verb" != drain ] || echo >> "$turns/$node.begun"
            exit $code

            """
        );
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        return path;
    }
}
