using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Lab;

namespace BeBiDa.Libraries.Tests;

/// <summary>native/bridge/bebida.h, as far as a test compares it.</summary>
internal static partial class Header
{
    private static readonly string Text = File.ReadAllText(Path.Combine(PluginBuild.RepositoryRoot(), "native", "bridge", "bebida.h"));

    public static uint Version { get; } = uint.Parse(VersionLine().Match(Text).Groups[1].Value, CultureInfo.InvariantCulture);

    /// <summary>The functions that libbebida_controller.so exports.</summary>
    public static IReadOnlyList<string> ControllerFunctions { get; } = Functions(name => !IsOfNode(name));

    /// <summary>The functions that libbebida_node.so exports.</summary>
    public static IReadOnlyList<string> NodeFunctions { get; } = Functions(name => IsOfNode(name) || name == "bebida_abi_version");

    /// <summary>A constant of one of its enums.</summary>
    public static int Constant(string name) =>
        int.Parse(Regex.Match(Text, $@"\b{name} = (\d+)").Groups[1].Value, CultureInfo.InvariantCulture);

    private static bool IsOfNode(string function) => function.StartsWith("bebida_node_", StringComparison.Ordinal);

    private static List<string> Functions(Func<string, bool> which) =>
        [.. Function().Matches(Text).Select(m => m.Groups[1].Value).Where(which).Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"#define BEBIDA_ABI_VERSION (\d+)u")]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"^u?int32_t (bebida_\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Function();
}
