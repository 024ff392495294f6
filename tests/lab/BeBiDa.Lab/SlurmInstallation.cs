namespace BeBiDa.Lab;

/// <summary>Where this host keeps Slurm and munge.</summary>
internal static class SlurmInstallation
{
    // Daemons live in sbin, which is not on everyone's PATH.
    private static readonly string[] SystemDirectories = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin"];

    /// <summary>The full path of a program.</summary>
    public static string Program(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(SystemDirectories)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists)
        ?? throw new LabException($"{name} is not installed; tests/setup.sh installs what the lab needs.");

    /// <summary>Slurm's plugin directory: Debian's has the architecture's name, others' have lib64.</summary>
    public static string PluginDirectory() =>
        Directory
            .GetDirectories("/usr/lib", "*-linux-gnu*")
            .Select(directory => Path.Combine(directory, "slurm-wlm"))
            .Concat(["/usr/lib64/slurm", "/usr/lib/slurm"])
            .FirstOrDefault(directory => File.Exists(Path.Combine(directory, "auth_munge.so")))
        ?? throw new LabException("Slurm's plugins are not installed; tests/setup.sh installs what the lab needs.");
}
