namespace BeBiDa.Nodes.Tests;

public class StubbornUnitSpecs(NodeKind kind) : NodesTest(kind)
{
    private const string DropIn = "/etc/systemd/system/containerd.service.d/stubborn.conf";

    [Test]
    public async Task A_unit_that_refuses_to_stop_drains_the_node_and_requeues_the_job_until_an_admin_resumes_both()
    {
        await MakeStubbornAsync();
        var log = await LogFromNowAsync("n1", "slurmd");
        var job = await Lab.SubmitAsync(["--output=/dev/null", "-w", "n1", "--wrap", "sleep 600"], Alice);

        await EventuallyAsync(
            "the node is drained with the reason",
            async () =>
                (await ReasonAsync()).Contains(
                    "bebida: containerd.service did not stop within 10s (deactivating, stop-sigterm)",
                    StringComparison.Ordinal
                )
        );
        await EventuallyAsync("the job is requeued", async () => await Lab.JobStateAsync(job) == "PENDING");
        await EventuallyAsync("the job's hold is gone", async () => (await HoldsAsync()).Count == 0);
        await EventuallyAsync(
            "kubelet is back: what the prolog had stopped is started again",
            async () => await Lab.UnitStateAsync("n1", Kubelet) == "active"
        );
        Assert.That(
            (await Lab.SlurmAsync("squeue", ["-h", "-j", $"{job}", "-o", "%r"])).StandardOutput.Trim(),
            Is.EqualTo("launch failed requeued held")
        );
        Assert.That(await log(), Does.Contain("containerd.service did not start within 5s"));

        await MakeObedientAsync();
        (await Lab.SlurmAsync("scontrol", ["update", "nodename=n1", "state=resume"])).EnsureSucceeded();
        (await Lab.SlurmAsync("scontrol", ["release", $"{job}"])).EnsureSucceeded();
        await Lab.WaitForJobAsync(job, "RUNNING");
        await ServicesBecomeAsync("n1", "inactive inactive");
        await CancelAsync(job);
        await ServicesBecomeAsync("n1", "active active");
    }

    private async Task<string> ReasonAsync() => (await Lab.SlurmAsync("sinfo", ["-h", "-R", "-o", "%200E"])).StandardOutput;

    private async Task MakeStubbornAsync()
    {
        await Lab.ExecAsync("n1", ["mkdir", "-p", Path.GetDirectoryName(DropIn)!]);
        await Lab.WriteFileAsync(
            "n1",
            DropIn,
            $$"""
            [Service]
            Type=simple
            ExecStart=
            ExecStart=/bin/sh -c 'trap "" TERM; {{(
                Kind == NodeKind.Real ? "/usr/bin/containerd" : "sleep infinity"
            )}} & while :; do sleep 1; done'
            KillMode=mixed
            TimeoutStopSec=infinity

            """
        );
        // Beyond BatchStartTimeout, slurmctld would miss the batch job before its prolog fails.
        await ReplaceTimeoutAsync("40s", "10s");
        await RestartRuntimeAsync();
    }

    private async Task MakeObedientAsync()
    {
        await ReplaceTimeoutAsync("10s", "40s");
        await Lab.ExecAsync("n1", ["rm", DropIn]);
        await RestartRuntimeAsync();
    }

    private async Task ReplaceTimeoutAsync(string was, string becomes) =>
        (
            await Lab.ExecAsync("n1", ["sed", "-i", $"s/stopTimeout: {was}/stopTimeout: {becomes}/", "/etc/bebida/bebida.yaml"])
        ).EnsureSucceeded();

    private async Task RestartRuntimeAsync() =>
        (
            await Lab.ExecAsync(
                "n1",
                ["sh", "-c", "systemctl daemon-reload && systemctl kill --signal=KILL containerd && systemctl restart containerd"]
            )
        ).EnsureSucceeded();
}
