using BeBiDa.Cli.Slurm;

namespace BeBiDa.Cli.Checks;

/// <summary>Slurm's daemons on this host, as /proc shows them.</summary>
internal static class DaemonProcess
{
    /// <summary>Whether one of that name runs.</summary>
    public static bool Runs(string name) => Numbers(name).Any();

    /// <summary>The environment of the daemon of this site: what it reads, and where it looks for libraries.</summary>
    /// <returns>Empty where it does not run, or may not be looked at.</returns>
    public static IReadOnlyDictionary<string, string> Environment(HostRole role, SlurmConf? conf, RunningSlurm? slurm)
    {
        var name = role == HostRole.Controller ? "slurmctld" : "slurmd";
        var key = role == HostRole.Controller ? "SlurmctldPidFile" : "SlurmdPidFile";
        var running = Numbers(name).ToList();
        // Under systemd there may be none, and then there is one daemon. One with another slurm.conf is another site's.
        var chosen =
            (conf?.Value(key) ?? slurm?[key]) is { } file && Read(Here(file)) is { } text && int.TryParse(text.Trim(), out var listed)
                ? running.Where(number => number == listed)
                : running.Where(number =>
                    Of(number).GetValueOrDefault("SLURM_CONF") is { } theirs ? theirs == conf?.Path : conf is null || conf.IsUsual
                );
        return chosen.ToList() is [var only] ? Of(only) : new Dictionary<string, string>();
    }

    // slurm.conf(5), SlurmdPidFile: a node is mostly called as its host.
    private static string Here(string file)
    {
        var host = System.Environment.MachineName.Split('.')[0];
        return file.Replace("%h", host, StringComparison.Ordinal).Replace("%n", host, StringComparison.Ordinal);
    }

    private static IReadOnlyDictionary<string, string> Of(int number) =>
        (Read($"/proc/{number}/environ") ?? "")
            .Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(variable => variable.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .DistinctBy(pair => pair[0])
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    private static IEnumerable<int> Numbers(string name) =>
        from folder in Directory.EnumerateDirectories("/proc")
        let number = int.TryParse(Path.GetFileName(folder), out var parsed) ? parsed : 0
        // slurmctld's own script runner is called so too, and has written over its environment.
        where
            number != 0
            && Read($"{folder}/comm")?.Trim() == name
            && Read($"{folder}/cmdline")?.StartsWith($"{name}: ", StringComparison.Ordinal) == false
            && IsHere(folder)
        select number;

    // One of a container, or of another root, reads other files than we.
    private static bool IsHere(string folder) => Link($"{folder}/root") == "/" && Link($"{folder}/ns/mnt") == Link("/proc/self/ns/mnt");

    private static string? Link(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is not ours to look at.
            return null;
        }
    }
}
