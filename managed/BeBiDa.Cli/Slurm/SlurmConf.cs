using System.Globalization;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Slurm;

/// <summary>One setting of slurm.conf, and where it stands.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Key">The key as it is written.</param>
/// <param name="Value">The rest of the line, after the equals sign.</param>
internal sealed record SlurmSetting(string File, int Line, string Key, string Value)
{
    /// <summary>Where it stands: <c>file:line</c>.</summary>
    public string Place => $"{File}:{Line}";
}

/// <summary>slurm.conf with the files that it includes, line by line (slurm.conf(5)).</summary>
/// <remarks>What counts is what slurmctld answers; this says where it is written.</remarks>
internal sealed class SlurmConf
{
    // Files that include one another are Slurm's to refuse.
    private const int Deepest = 16;

    private static readonly string[] Usual =
    [
        "/etc/slurm/slurm.conf",
        "/etc/slurm-llnl/slurm.conf",
        "/usr/local/etc/slurm.conf",
        "/run/slurm/conf/slurm.conf",
    ];

    private readonly List<SlurmSetting> settings = [];

    private SlurmConf(string path) => Path = path;

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
        var conf = new SlurmConf(path);
        conf.Read(path, 0);
        return conf;
    }

    /// <summary>The setting that counts: the last one of a key.</summary>
    public SlurmSetting? Last(string key) => All(key).LastOrDefault();

    /// <summary>Its value.</summary>
    public string? Value(string key) => Last(key)?.Value;

    /// <summary>All settings of a key, as SlurmctldHost may have several.</summary>
    public IEnumerable<SlurmSetting> All(string key) =>
        settings.Where(setting => setting.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    private void Read(string path, int depth)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: {e.Message}");
        }
        for (var i = 0; i < lines.Length; i++)
        {
            var first = i;
            var line = WithoutComment(lines[i]);
            while (line.EndsWith('\\') && i + 1 < lines.Length)
                line = line[..^1] + WithoutComment(lines[++i]);
            if (
                line.StartsWith("include", StringComparison.OrdinalIgnoreCase)
                && line.Length > 7
                && char.IsWhiteSpace(line[7])
                && depth < Deepest
            )
                Read(
                    System.IO.Path.GetFullPath(line[8..].Trim(), System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!),
                    depth + 1
                );
            else if (line.IndexOf('=', StringComparison.Ordinal) is var equals and > 0)
                settings.Add(new SlurmSetting(path, first + 1, line[..equals].Trim(), line[(equals + 1)..].Trim()));
        }
    }

    // A # that is escaped is none.
    private static string WithoutComment(string line)
    {
        for (var at = line.IndexOf('#', StringComparison.Ordinal); at >= 0; at = line.IndexOf('#', at + 1))
            if (at == 0 || line[at - 1] != '\\')
                return line[..at].Trim();
        return line.Trim();
    }

    /// <summary>A number of seconds as slurm.conf and scontrol write it: "30", "30 sec"; null for what is none ("Unset", "INFINITE").</summary>
    public static TimeSpan? Seconds(string? text) =>
        int.TryParse(text?.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
