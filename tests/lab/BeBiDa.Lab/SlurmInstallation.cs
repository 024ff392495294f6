using System.Diagnostics;
using System.Text.RegularExpressions;

namespace BeBiDa.Lab;

/// <summary>The Slurm of this host: which, and where it and munge are kept.</summary>
public static class SlurmInstallation
{
    // Daemons live in sbin, which is not on everyone's PATH.
    private static readonly string[] SystemDirectories = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin"];

    /// <summary>Its release, such as 24.11; 0.0 where there is none.</summary>
    public static Version Release { get; } = ReadRelease();

    /// <summary>
    /// Whether slurmctld runs as systemd's service, as the unit file that comes with Slurm has it since 23.11. Since then
    /// <c>scontrol reconfigure</c> makes a new process, and systemd is told which.
    /// </summary>
    public static bool HandsOverToNewProcess { get; } = Release >= new Version(23, 11);

    /// <summary>The full path of a program.</summary>
    internal static string Program(string name) =>
        Find(name) ?? throw new LabException($"{name} is not installed; tests/setup.sh installs what the lab needs.");

    private static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(SystemDirectories)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists);

    /// <summary>Slurm's plugin directory: Debian's has the architecture's name, others' have lib64.</summary>
    internal static string PluginDirectory() =>
        Directory
            .GetDirectories("/usr/lib", "*-linux-gnu*")
            .Select(directory => Path.Combine(directory, "slurm-wlm"))
            .Concat(["/usr/lib64/slurm", "/usr/lib/slurm"])
            .FirstOrDefault(directory => File.Exists(Path.Combine(directory, "auth_munge.so")))
        ?? throw new LabException("Slurm's plugins are not installed; tests/setup.sh installs what the lab needs.");

    private static Version ReadRelease()
    {
        if (Find("slurmctld") is not { } slurmctld)
            return new Version(0, 0);
        using var asked = Process.Start(new ProcessStartInfo(slurmctld, "-V") { RedirectStandardOutput = true })!;
        var answer = asked.StandardOutput.ReadToEnd();
        asked.WaitForExit();
        return Version.Parse(Regex.Match(answer, @"\d+\.\d+").Value);
    }
}
