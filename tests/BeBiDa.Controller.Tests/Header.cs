using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Lab;

namespace BeBiDa.Controller.Tests;

/// <summary>native/bridge/bebida.h, as far as a test compares it.</summary>
internal static partial class Header
{
    private static readonly string Text = File.ReadAllText(Path.Combine(PluginBuild.RepositoryRoot(), "native", "bridge", "bebida.h"));

    public static uint Version { get; } = uint.Parse(VersionLine().Match(Text).Groups[1].Value, CultureInfo.InvariantCulture);

    /// <summary>The functions that the library exports.</summary>
    public static IReadOnlyList<string> Functions { get; } = [.. Function().Matches(Text).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal)];

    /// <summary>A constant of one of its enums.</summary>
    public static int Constant(string name) => int.Parse(Regex.Match(Text, $@"\b{name} = (\d+)").Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"#define BEBIDA_ABI_VERSION (\d+)u")]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"^u?int32_t (bebida_\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Function();
}
