using System.Text.RegularExpressions;
using BeBiDa.Abi;
using BeBiDa.Tests;

namespace BeBiDa.Node.Tests;

/// <summary>native/bridge/bebida.h, and what C# takes it for.</summary>
public partial class HeaderSpecs
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "native", "bridge", "bebida.h"));

    [Test]
    public void The_ABI_version_is_that_of_the_header() =>
        Assert.That(Text, Does.Contain($"#define BEBIDA_ABI_VERSION {Header.AbiVersion}u\n"));

    [TestCase("log_level", "LOG_", typeof(HostLogLevel))]
    [TestCase("direction", "", typeof(Direction))]
    [TestCase("outcome", "", typeof(Outcome))]
    [TestCase("status", "", typeof(Status))]
    [TestCase("presence", "", typeof(Presence))]
    [TestCase("node_change", "NodeTo", typeof(NodeChange))]
    [TestCase("stage", "Job", typeof(Stage))]
    public void Each_constant_has_the_value_of_the_header(string name, string prefix, Type type) =>
        Assert.That(
            Enum.GetNames(type).Select(member => (Upper(prefix + member), (int)Enum.Parse(type, member))),
            Is.EqualTo(
                Constant()
                    .Matches(Body($"enum bebida_{name}"))
                    .Select(match => (match.Groups[1].Value, int.Parse(match.Groups[2].ValueSpan, provider: null)))
            )
        );

    // The names differ where C# says it shorter; a field too many or too few, or of another width, would shift the rest.
    [TestCase("job", typeof(HostJob))]
    [TestCase("node", typeof(HostNode))]
    [TestCase("reservation", typeof(HostReservation))]
    [TestCase("plan", typeof(HostPlan))]
    [TestCase("backfill", typeof(HostBackfill))]
    [TestCase("host", typeof(ControllerHost))]
    [TestCase("node_host", typeof(NodeHost))]
    public void Each_structure_has_the_fields_of_the_header(string name, Type type) =>
        Assert.That(
            type.GetFields().Select(field => field.FieldType.IsPrimitive && field.FieldType != typeof(long) ? 4 : 8),
            Is.EqualTo(Field().Matches(Body($"struct bebida_{name}")).Select(match => match.Groups[1].Success ? 4 : 8))
        );

    private static string Body(string declaration)
    {
        var from = Text.IndexOf($"{declaration} {{", StringComparison.Ordinal);
        return Comment().Replace(Text[from..Text.IndexOf("\n};", from, StringComparison.Ordinal)], "");
    }

    // ErrorAbi is BEBIDA_ERROR_ABI.
    private static string Upper(string member) => "BEBIDA_" + Capital().Replace(member, "_$0").ToUpperInvariant();

    [GeneratedRegex(@"(BEBIDA_\w+) = (\d+)")]
    private static partial Regex Constant();

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    // A number, or a pointer, also where clang-format broke the line.
    [GeneratedRegex(@"^    (?:(u?int32_t)\s+\w+|int64_t\s+\w+|\w[^;]*\*[^;]*);", RegexOptions.Multiline)]
    private static partial Regex Field();

    [GeneratedRegex(@"(?<=[a-z])[A-Z]")]
    private static partial Regex Capital();
}
