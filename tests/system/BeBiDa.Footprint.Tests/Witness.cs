namespace BeBiDa.Footprint.Tests;

/// <summary>A script that slurmctld runs and that writes down what it was given: its signals, its open files, its exit code.</summary>
internal sealed class Witness : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("bebida-witness-").FullName;

    /// <summary>The path of a script; each run of it leaves its testimony under that name.</summary>
    public string Script(string name, int exitCode = 0)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, Text(name, exitCode));
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        return path;
    }

    /// <summary>The text of such a script, for those that the lab writes itself; it fails jobs of a name.</summary>
    public string Text(string name, int exitCode = 0, string failing = "") =>
        $"""
            #!/bin/sh
            PATH=/usr/bin:/bin
            told={folder}/$$.{name}
            # A program of its own sees what any would: what a shell keeps open for itself closes on exec.
            grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >"$told.tmp"
            ls -l /proc/self/fd | sed -nE 's/.* [0-9]+ -> //p' >>"$told.tmp"
            mv "$told.tmp" "$told"
            [ "$SLURM_JOB_NAME" != "{failing}" ] || exit 7
            exit {exitCode}

            """;

    /// <summary>Waits for one testimony of a script, and returns it without what differs from site to site.</summary>
    public async Task<IReadOnlyList<string>> TellsAsync(string name)
    {
        string[] told = [];
        await Eventually.HoldsAsync(
            $"{name} has run",
            Eventually.Patience,
            _ =>
            {
                told = Directory.GetFiles(folder, $"*.{name}");
                return Task.FromResult(told.Length > 0);
            }
        );
        return [.. File.ReadAllLines(told[0]).Select(Anywhere).Order(StringComparer.Ordinal)];
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Anywhere(string line) =>
        line.StartsWith("Sig", StringComparison.Ordinal) ? line
        : line.StartsWith('/')
            ? Path.GetFileName(line) is var file && line.StartsWith(folder, StringComparison.Ordinal) ? "testimony"
                : line.StartsWith("/proc", StringComparison.Ordinal) ? "/proc"
                : file
        : line.Split(':')[0];
}
