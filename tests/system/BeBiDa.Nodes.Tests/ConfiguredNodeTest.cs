namespace BeBiDa.Nodes.Tests;

/// <summary>One node whose configuration and units a test may change.</summary>
public abstract class ConfiguredNodeTest(NodeKind kind) : NodesTest(kind)
{
    protected const string Node = "n3";

    // Where packages put them: an admin's mask in /etc goes before it.
    protected const string Units = "/usr/lib/systemd/system";
    private string configuration = "";

    [SetUp]
    public async Task RememberConfigurationAsync() =>
        configuration = (await Lab.ExecAsync(Node, ["cat", "/etc/bebida/bebida.yaml"])).EnsureSucceeded().StandardOutput;

    [TearDown]
    public async Task RestoreConfigurationAsync()
    {
        await Lab.WriteFileAsync(Node, "/etc/bebida/bebida.yaml", configuration);
        await SystemctlAsync(
            $"unmask probe; systemctl stop probe crio sycri k3s-agent; systemctl start containerd kubelet; rm -rf {Units}/{{probe,crio,sycri,k3s-agent}}.service*; systemctl daemon-reload; systemctl reset-failed"
        );
        // A unit that no longer exists is owed to nobody.
        await Lab.ExecAsync(Node, ["rm", "-f", "/run/bebida/stopped"]);
    }

    protected Task ConfigureAsync(params string[] units) => ConfigureAsync(units, "stop");

    protected Task ConfigureAsync(string[] units, string leftoverPods) =>
        Lab.WriteFileAsync(
            Node,
            "/etc/bebida/bebida.yaml",
            $"eviction: {{gracePeriod: 1s}}\nnode: {{services: [{string.Join(", ", units)}], stopTimeout: 10s, startTimeout: 5s, leftoverPods: {leftoverPods}}}\n"
        );

    protected async Task WriteUnitAsync(string name, string service, string unit = "", bool start = true)
    {
        await Lab.WriteFileAsync(Node, $"{Units}/{name}", $"[Unit]\n{unit}\n[Service]\n{service}\n");
        await SystemctlAsync("daemon-reload");
        if (start)
            await SystemctlAsync($"start {name}");
    }

    protected Task<CommandResult> SystemctlAsync(string arguments) => Lab.ExecAsync(Node, ["bash", "-c", $"systemctl {arguments}"]);
}
