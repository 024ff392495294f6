using System.Globalization;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Slurm;

/// <summary>One setting of slurm.conf.</summary>
/// <param name="Place">Where it stands: <c>file:line</c>.</param>
/// <param name="Key">The key as it is written.</param>
/// <param name="Value">The rest of the line, after the equals sign.</param>
internal sealed record SlurmSetting(string Place, string Key, string Value);

/// <summary>slurm.conf with the files that it includes, line by line (slurm.conf(5)).</summary>
/// <remarks>What counts is what slurmctld answers; this says where it is written.</remarks>
internal sealed class SlurmConf
{
    private static readonly string[] Usual =
    [
        "/etc/slurm/slurm.conf",
        "/etc/slurm-llnl/slurm.conf",
        "/usr/local/etc/slurm.conf",
        "/run/slurm/conf/slurm.conf",
    ];

    private readonly IReadOnlyList<SlurmSetting> settings;

    private SlurmConf(string path, IReadOnlyList<SlurmSetting> settings) => (Path, this.settings) = (path, settings);

    /// <summary>The file itself.</summary>
    public string Path { get; }

    /// <summary>Whether it is where Slurm looks for it by itself.</summary>
    public bool IsUsual => Usual.Contains(Path);

    /// <summary>Whether slurmd has it, and what lies beside it, from slurmctld ("configless").</summary>
    public bool IsFetched =>
        Path.StartsWith("/run/slurm/conf/", StringComparison.Ordinal)
        || System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))) == "conf-cache";

    /// <summary>The file that Slurm's commands read here: <c>SLURM_CONF</c>, or where distributions have it.</summary>
    /// <returns>Null where there is none.</returns>
    public static string? Find() =>
        Environment.GetEnvironmentVariable("SLURM_CONF") is { Length: > 0 } named ? named : Usual.FirstOrDefault(File.Exists);

    /// <summary>Reads it.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public static SlurmConf Read(string path)
    {
        // Names are relative to slurm.conf itself, whichever file includes.
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        return new SlurmConf(
            path,
            [
                .. from line in ConfLines.Read(path, (_, named) => [System.IO.Path.GetFullPath(named, folder)])
                let at = line.Text.IndexOf('=', StringComparison.Ordinal)
                where at > 0
                select new SlurmSetting(line.Place, line.Text[..at].Trim(), line.Text[(at + 1)..].Trim()),
            ]
        );
    }

    /// <summary>The setting that counts: the last one of a key.</summary>
    public SlurmSetting? Last(string key) => All(key).LastOrDefault();

    /// <summary>Its value.</summary>
    public string? Value(string key) => Last(key)?.Value;

    /// <summary>All settings of a key, as SlurmctldHost may have several.</summary>
    public IEnumerable<SlurmSetting> All(string key) =>
        settings.Where(setting => setting.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    /// <summary>A number of seconds as slurm.conf and scontrol write it: "30", "30 sec"; null for what is none ("Unset", "INFINITE").</summary>
    public static TimeSpan? Seconds(string? text) =>
        int.TryParse(text?.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
