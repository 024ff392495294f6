using System.Globalization;

namespace BeBiDa.Cli.Slurm;

/// <summary>A version of Slurm.</summary>
internal readonly record struct SlurmVersion(int Major, int Minor, int Micro)
{
    /// <summary>As a plugin bears it: plugin_version is SLURM_VERSION_NUM of slurm.h.</summary>
    public static SlurmVersion Of(uint number) => new((int)(number >> 16), (int)(number >> 8 & 0xff), (int)(number & 0xff));

    /// <summary>As Slurm says it: "22.05.8", "slurm-wlm 22.05.8", "24.11.5-2".</summary>
    /// <returns>Null where there is none.</returns>
    public static SlurmVersion? Parse(string? text) =>
        text?.Trim().Split(' ')[^1].Split('.', '-') is [var major, var minor, var micro, ..]
        && int.TryParse(major, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
        && int.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var second)
        && int.TryParse(new string([.. micro.TakeWhile(char.IsAsciiDigit)]), NumberStyles.None, CultureInfo.InvariantCulture, out var third)
            ? new SlurmVersion(first, second, third)
            : null;

    /// <summary>Whether it is of the same release, such as 22.05.</summary>
    public bool IsReleaseOf(SlurmVersion other) => (Major, Minor) == (other.Major, other.Minor);

    public override string ToString() => $"{Major}.{Minor:00}.{Micro}";
}
