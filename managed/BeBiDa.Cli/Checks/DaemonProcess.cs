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
        // Under systemd there may be none, and then there is one of each daemon. One of another slurm.conf is another site's.
        var chosen = (conf?.Value(key) ?? slurm?[key]) is { } file && Read(file) is { } text && int.TryParse(text.Trim(), out var listed)
            ? running.Where(number => number == listed)
            : running.Where(number => Of(number).GetValueOrDefault("SLURM_CONF") is not { } theirs || theirs == conf?.Path);
        return chosen.ToList() is [var only] ? Of(only) : new Dictionary<string, string>();
    }

    private static IReadOnlyDictionary<string, string> Of(int number) =>
        (Read($"/proc/{number}/environ") ?? "").Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(variable => variable.Split('=', 2)).Where(pair => pair.Length == 2).DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    private static IEnumerable<int> Numbers(string name) =>
        from folder in Directory.EnumerateDirectories("/proc")
        let number = int.TryParse(Path.GetFileName(folder), out var parsed) ? parsed : 0
        where number != 0 && Read($"{folder}/comm")?.Trim() == name
        select number;

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
