using System.Text.Json;
using System.Text.RegularExpressions;
using BeBiDa.Hollow.Api;
using BeBiDa.Lab;
using CliWrap;
using k8s.Models;

namespace BeBiDa.Tests;

public sealed partial class StatusSpecs : ToolTest
{
    private static readonly DateTimeOffset ThreeDaysAgo = DateTimeOffset.UtcNow - new TimeSpan(3, 4, 30, 0);

    [Test]
    public async Task Who_has_which_node_is_a_table()
    {
        await HaveOneOfEachAsync();
        var status = await RunAsync("status");
        Exits(status, 0);
        Assert.That(
            status.StandardOutput.Split('\n').Select(line => line.TrimEnd()),
            Is.EqualTo(
                new[]
                {
                    "NODE   IN KUBERNETES   HELD BY        SINCE   PODS",
                    "n1     schedulable     -              -          2",
                    "n2     held            lab.7, lab.8   3d4h       0",
                    "n3     cordoned        -              -          0",
                    "",
                }
            )
        );
        Assert.That(status.StandardError, Is.Empty);
    }

    [Test]
    public async Task A_held_node_with_pods_that_tolerate_the_hold_says_so()
    {
        await HaveOneOfEachAsync();
        await RunPodAsync("stubborn", "n2", tolerates: true);
        Assert.That((await RunAsync("status", "n2")).StandardOutput, Does.Match("(?m)^n2 +held, pods tolerate it +lab.7, lab.8 +3d4h +1$"));
        using var json = JsonDocument.Parse((await RunAsync("status", "n2", "--output", "json")).StandardOutput);
        Assert.That(
            (json.RootElement[0].GetProperty("owner").GetString(), json.RootElement[0].GetProperty("toleratingPods").GetInt32()),
            Is.EqualTo(("Slurm", 1))
        );
    }

    [Test]
    public async Task A_program_reads_it_as_JSON()
    {
        await HaveOneOfEachAsync();
        var status = await RunAsync("status", "--output", "json");
        Exits(status, 0);
        using var json = JsonDocument.Parse(status.StandardOutput);
        var nodes = json.RootElement.EnumerateArray().ToList();
        Assert.That(
            nodes.Select(n =>
                (
                    n.GetProperty("node").GetString(),
                    n.GetProperty("kubernetesNode").GetString(),
                    n.GetProperty("owner").GetString(),
                    n.GetProperty("ready").GetBoolean(),
                    n.GetProperty("schedulable").GetBoolean(),
                    n.GetProperty("pods").GetInt32()
                )
            ),
            Is.EqualTo(
                new[]
                {
                    ("n1", "n1", "Kubernetes", true, true, 2),
                    ("n2", "n2", "Slurm", true, false, 0),
                    ("n3", "n3", "Cordoned", true, false, 0),
                }
            )
        );
        var holds = nodes[1].GetProperty("holds").EnumerateArray().ToList();
        Assert.That(
            holds.Select(h => (h.GetProperty("cluster").GetString(), h.GetProperty("job").GetInt32())),
            Is.EqualTo(new[] { ("lab", 7), ("lab", 8) })
        );
        Assert.That(holds[0].GetProperty("since").GetDateTimeOffset(), Is.EqualTo(ThreeDaysAgo).Within(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public async Task Only_some_nodes_are_shown_when_asked_and_unknown_ones_are_named()
    {
        var some = await RunAsync("status", "n[1,3]");
        Exits(some, 0);
        Assert.That(some.StandardOutput, Does.Contain("n1 ").And.Contain("n3 ").And.Not.Contain("n2 "));
        var unknown = await RunAsync("status", "n1", "login1");
        Exits(unknown, 2);
        Assert.That(unknown.StandardError, Does.StartWith("bebidactl: Kubernetes has no node for login1 "));
    }

    [Test]
    public async Task Nodes_are_called_as_Slurm_calls_them()
    {
        Configure("nodes:\n  template: \"{node}\"\n  map: {head: n2}\n");
        var status = await RunAsync("status", "head");
        Exits(status, 0);
        Assert.That(status.StandardOutput, Does.Contain("\nhead ").And.Not.Contain("n2"));
    }

    [Test]
    public async Task A_Kubernetes_that_is_down_fails_it_with_its_address()
    {
        await Server.StopAsync();
        var status = await RunAsync("status");
        Exits(status, 1);
        Assert.That(status.StandardError, Does.Contain(Server.Url.Authority));
        Assert.That(status.StandardOutput, Is.Empty);
    }

    [Test]
    public async Task Colours_are_for_terminals_and_not_for_pipes_or_who_wants_none()
    {
        await HaveOneOfEachAsync();
        Assert.That((await RunAsync(Environment(("TERM", "xterm-256color")), "status")).StandardOutput, Does.Not.Contain("\x1b"));
        Assert.That((await OnTerminalAsync()).StandardOutput, Does.Match(Colour()));
        Assert.That((await OnTerminalAsync(("NO_COLOR", "1"))).StandardOutput, Does.Contain("schedulable").And.Not.Match(Colour()));
    }

    [Test]
    public async Task Progress_is_shown_on_a_terminal_only()
    {
        var shown = await ExecuteAsync(
            CliWrap
                .Cli.Wrap("script")
                .WithArguments(["-qec", $"{Bebidactl} decommission --job 7 --nodes n1", "/dev/null"])
                .WithEnvironmentVariables(Environment(("TERM", "xterm-256color")))
        );
        Exits(shown, 0);
        Assert.That(shown.StandardOutput, Does.Contain("decommission: ").And.Contain("job 7: 1 node decommissioned"));
    }

    [Test]
    public async Task A_watch_shows_what_changes_until_it_is_interrupted_and_that_is_no_failure()
    {
        var screen = new Screen();
        // Where a shell started the tests in the background, SIGINT is ignored, and stays so for all children.
        var command = CliWrap
            .Cli.Wrap("script")
            .WithArguments(["-qefc", $"echo $$ > {PathOf("pid")}; exec env --default-signal=INT {Bebidactl} status --watch", "/dev/null"])
            .WithEnvironmentVariables(Environment(("TERM", "xterm-256color")))
            .WithStandardOutputPipe(PipeTarget.ToDelegate(screen.Add))
            .WithValidation(CommandResultValidation.None);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var watching = command.ExecuteAsync(limit.Token);
        await Eventually.HoldsAsync(
            "the table is shown",
            Eventually.Patience,
            _ => Task.FromResult(screen.Text.Contains("n3", StringComparison.Ordinal))
        );
        Assert.That(screen.Text, Does.Not.Contain("cordoned"));
        await Kubectl.RunAsync("cordon", "n3");
        await Eventually.HoldsAsync(
            "the cordon is shown",
            Eventually.Patience,
            _ => Task.FromResult(screen.Text.Contains("cordoned", StringComparison.Ordinal))
        );

        await ExecuteAsync(
            CliWrap.Cli.Wrap("kill").WithArguments(["-INT", (await File.ReadAllTextAsync(PathOf("pid"), limit.Token)).Trim()])
        );
        Assert.That((await watching).ExitCode, Is.Zero, screen.Text);
    }

    private async Task<CliWrap.Buffered.BufferedCommandResult> OnTerminalAsync(params (string, string?)[] more) =>
        await ExecuteAsync(
            CliWrap
                .Cli.Wrap("script")
                .WithArguments(["-qec", $"{Bebidactl} status", "/dev/null"])
                .WithEnvironmentVariables(Environment([("TERM", "xterm-256color"), .. more]))
        );

    private async Task HaveOneOfEachAsync()
    {
        await RunPodAsync("a", "n1");
        await RunPodAsync("b", "n1");
        foreach (var (job, since) in new[] { (7, ThreeDaysAgo), (8, DateTimeOffset.UtcNow) })
            await Admin.MergeAsync<V1Node>(
                Resources.Nodes.At(null, "n2"),
                new
                {
                    metadata = new
                    {
                        annotations = new Dictionary<string, string>
                        {
                            [$"hold.bebida.io/lab.{job}"] = since.UtcDateTime.ToString(
                                "yyyy-MM-dd'T'HH:mm:ss'Z'",
                                System.Globalization.CultureInfo.InvariantCulture
                            ),
                        },
                    },
                    spec = new { unschedulable = true },
                },
                default
            );
        await Kubectl.RunAsync("cordon", "n3");
    }

    // Select Graphic Rendition with a colour: ESC [ 3x or 9x m, alone or after others.
    [GeneratedRegex(@"\x1b\[[0-9;]*(3[0-8]|9[0-7])[0-9;]*m")]
    private static partial Regex Colour();

    private sealed class Screen
    {
        private readonly List<string> lines = [];

        public string Text
        {
            get
            {
                lock (lines)
                    return string.Join('\n', lines);
            }
        }

        public void Add(string line)
        {
            lock (lines)
                lines.Add(line);
        }
    }
}
