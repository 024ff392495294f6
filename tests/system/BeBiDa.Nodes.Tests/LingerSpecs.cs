namespace BeBiDa.Nodes.Tests;

/// <summary>nodes.linger on the node: kubelet and its runtime wait for the next job, and come back whatever happens meanwhile.</summary>
public class LingerSpecs(NodeKind kind) : ConfiguredNodeTest(kind)
{
    private const string Note = "/run/bebida/linger";
    private const string DropIn = "/etc/systemd/system/kubelet.service.d/bebida.conf";
    private const string Soon = "/etc/systemd/system/bebida-recover.timer.d/soon.conf";

    // The timer repairs all within four minutes: it is not to be what a test sees.
    [SetUp]
    public Task StopTimerAsync() => SystemctlAsync("stop bebida-recover.path bebida-recover.timer");

    [TearDown]
    public Task WatchAgainAsync() =>
        SystemctlAsync(
            $"unmask --runtime bebida-linger.path; rm -f {Soon} {DropIn}; systemctl daemon-reload; systemctl start bebida-linger.path bebida-recover.path"
        );

    [Test]
    public async Task From_job_to_job_they_stay_down_and_start_when_none_has_come()
    {
        await LingerAsync("20s");
        await WriteAsync(
            DropIn,
            await File.ReadAllTextAsync(Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "systemd", "bebida.conf"))
        );
        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync("the node is kept", IsKeptAsync);
        var stopped = await StoppedAtAsync(Node, Kubelet);
        for (var job = 0; job < 3; job++)
        {
            Assert.That(await RunAsync(Alice, "-w", Node, IsAlone), Is.EqualTo(new[] { $"{Node} inactive inactive 0" }));
            await EventuallyAsync("the node is kept", IsKeptAsync);
            await SystemctlAsync("start kubelet");
            Assert.That(await ServicesAsync(Node), Is.EqualTo("inactive inactive"), "as configuration management may try");
        }
        await ServicesBecomeAsync(Node, "active active");
        Assert.That(await StoppedAtAsync(Node, Kubelet), Is.EqualTo(stopped), "it was stopped once");
        await NothingIsNotedAsync();
    }

    [TestCase("systemctl kill --signal=KILL bebida-recover")]
    [TestCase("systemctl kill --signal=KILL slurmd && systemctl restart slurmd")]
    [TestCase(
        "systemctl mask --runtime --now bebida-linger.path; systemctl kill --signal=KILL bebida-recover; systemctl start bebida-recover.path"
    )]
    public async Task They_start_also_if_something_is_lost(string loses)
    {
        await LingerAsync("15s");
        await WriteAsync(Soon, "[Timer]\nOnActiveSec=\nOnActiveSec=2s\nRandomizedDelaySec=0\nAccuracySec=1us\n");
        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync(
            "the node is kept, and somebody waits",
            async () => await IsKeptAsync() && await Lab.UnitStateAsync(Node, "bebida-recover.service") == "activating"
        );
        (await Lab.ExecAsync(Node, ["bash", "-c", loses])).EnsureSucceeded();
        await ServicesBecomeAsync(Node, "active active");
        await NothingIsNotedAsync();
    }

    [Test]
    public async Task Without_the_unit_that_watches_they_start_at_once()
    {
        await LingerAsync("30s");
        await SystemctlAsync("stop bebida-linger.path");
        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync("nothing is owed", async () => await StoppedAsync(Node) == "");
        Assert.That(await IsKeptAsync(), Is.False);
    }

    private Task LingerAsync(string time) =>
        Lab.WriteFileAsync(
            Node,
            "/etc/bebida/bebida.yaml",
            $"eviction: {{gracePeriod: 1s}}\nnodes: {{linger: {time}}}\nnode: {{stopTimeout: 40s, startTimeout: 5s}}\n"
        );

    private async Task WriteAsync(string dropIn, string text)
    {
        await Lab.ExecAsync(Node, ["mkdir", "-p", Path.GetDirectoryName(dropIn)!]);
        await Lab.WriteFileAsync(Node, dropIn, text);
        await SystemctlAsync("daemon-reload");
    }

    private async Task<bool> IsKeptAsync() => (await Lab.ExecAsync(Node, ["test", "-e", Note])).ExitCode == 0;

    private Task NothingIsNotedAsync() =>
        EventuallyAsync("nothing is noted any more", async () => await StoppedAsync(Node) == "" && !await IsKeptAsync());
}
