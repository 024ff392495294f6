using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>
/// The same requests, in the same order, to both servers. What a real one answered stands with the request in
/// <c>Recorded</c>: a real one must still answer so, and what the embedded one answers differently is its defect.
/// </summary>
/// <remarks>BEBIDA_RECORD=1 records anew what the real server answers.</remarks>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed partial class SameAnswers(ApiServerKind kind)
{
    // Defaults that a real server fills in, and owns for whoever creates an object; nobody here reads them.
    private static readonly HashSet<string> NotServed =
    [
        .. (
            "daemonEndpoints dnsPolicy enableServiceLinks imagePullPolicy nodeInfo preemptionPolicy priority progressDeadlineSeconds "
            + "protocol qosClass resources revisionHistoryLimit schedulerName securityContext source strategy terminationMessagePath "
            + "terminationMessagePolicy updateStrategy remainingItemCount"
        ).Split(' '),
    ];

    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new(OneLine) { WriteIndented = true };

    [TestCaseSource(typeof(Scenario), nameof(Scenario.Names))]
    public async Task Answers_are_those_of_a_real_server(string scenario)
    {
        var record = Path.Combine("Recorded", scenario + ".txt");
        var steps = Scenario.Read(Path.Combine(AppContext.BaseDirectory, record));
        var answers = await Run(steps);
        if (kind == ApiServerKind.Real && Environment.GetEnvironmentVariable("BEBIDA_RECORD") == "1")
        {
            var lines = steps.Zip(answers, (step, answer) => string.Join('\n', [.. step.Lines, answer]) + '\n');
            await File.WriteAllTextAsync(Path.Combine(SourceFolder(), record), string.Join('\n', lines));
            return;
        }
        foreach (var (step, answer) in steps.Zip(answers).Where(pair => pair.First.Answer != pair.Second))
        {
            string[] expected = Readable(step.Answer),
                actual = Readable(answer);
            var differences = expected
                .Except(actual)
                .Select(line => "- " + line)
                .Concat(actual.Except(expected).Select(line => "+ " + line));
            Assert.Fail($"{step.Lines[0]}\n{string.Join('\n', differences)}\n{answer}");
        }
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    private async Task<List<string>> Run(IEnumerable<Step> steps)
    {
        var server = await SharedServers.Get(kind);
        using var client = new ApiClient(server, server.AdminKubeconfig);
        var known = new Dictionary<string, string>();
        var answers = new List<string>();
        foreach (var step in steps)
        {
            var answer = await step.Send(client, known);
            if (step.Remember is { } remembered && answer.At("metadata", "uid") is { } uid)
            {
                known[$"{remembered}.uid"] = uid.GetValue<string>();
                known[$"{remembered}.version"] = answer.Version;
            }
            if (step.WithoutManagers)
                (answer.At("metadata") as JsonObject)?.Remove("managedFields");
            answers.Add(step.CodeOnly ? $"{answer.Code}" : $"{answer.Code} {Comparable(answer.Body)?.ToJsonString(OneLine)}".TrimEnd());
        }
        return answers;
    }

    private static string[] Readable(string answer) =>
        answer.Length > 4 ? [answer[..3], .. JsonNode.Parse(answer[4..])!.ToJsonString(Indented).Split('\n')] : [answer];

    // Sorted, and without what differs from run to run.
    private static JsonNode? Comparable(JsonNode? node, string name = "")
    {
        switch (node)
        {
            case JsonObject map:
                var sorted = new JsonObject();
                foreach (var (key, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    if (!IsLeftOut(key, value, name))
                        sorted[Masked(key)] = Comparable(value, key);
                }
                return sorted;
            // The API server builds both from a map, in any order.
            case JsonArray list when name is "managedFields" or "causes":
                return new JsonArray([
                    .. list.Select(item => Comparable(item)).OrderBy(item => item!.ToJsonString(), StringComparer.Ordinal),
                ]);
            case JsonArray list:
                return new JsonArray([.. list.Select(item => Comparable(item))]);
            case JsonValue value when value.TryGetValue<string>(out var text):
                return name is "resourceVersion" ? "<version>" : Masked(text);
            default:
                return node?.DeepClone();
        }
    }

    // A null or an empty text says no more than nothing does, nor does a count of none.
    private static bool IsLeftOut(string key, JsonNode? value, string parent) =>
        value is null
        || NotServed.Contains(key.StartsWith("f:", StringComparison.Ordinal) ? key[2..] : key)
        || (value is JsonValue text && text.TryGetValue<string>(out var written) && written.Length == 0)
        || (parent == "status" && value is JsonValue count && count.TryGetValue<int>(out var number) && number == 0)
        || (parent == "spec" && key == "finalizers");

    private static string Masked(string text) => Time().Replace(Uid().Replace(text, "<uid>"), "<time>");

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uid();

    [GeneratedRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")]
    private static partial Regex Time();
}
