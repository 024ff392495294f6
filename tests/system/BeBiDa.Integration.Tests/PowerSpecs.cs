using BeBiDa.EmbeddedApi.Faults;

namespace BeBiDa.Site.Tests;

/// <summary>Machines that Slurm switches off or reboots, with BeBiDa's programs in the place of the site's own: no pod ends with its machine.</summary>
[Category("Core")]
internal sealed class PowerSpecs : SiteTest
{
    private readonly Machines machines = new();
    private PodObserver pods = null!;
    private int before;

    protected override SiteOptions Options =>
        new()
        {
            Nodes = 3,
            Configuration =
                "  requestTimeout: 1s\ncontroller: {deadline: 10s, reconcileInterval: 1h}\neviction: {deadline: 6s, gracePeriod: 4s}\n"
                + $"slurm: {{lookInterval: 1s, powerTimeout: 8s, suspendProgram: {machines.Own("off")}, resumeProgram: {machines.Own("on")}, rebootProgram: {machines.Own("reboot")}}}\n",
            Slurm = slurm =>
                slurm with
                {
                    ExtraConfiguration =
                    [
                        "SlurmctldParameters=reboot_from_controller",
                        $"SuspendProgram={machines.Program("suspend-program", "off")}",
                        $"ResumeProgram={machines.Program("resume-program", "on")}",
                        $"RebootProgram={machines.Program("reboot-from-controller", "reboot")}",
                        "SuspendTime=3600",
                        "SuspendTimeout=15",
                        "ResumeTimeout=120",
                    ],
                },
        };

    [OneTimeSetUp]
    public void StartMachines()
    {
        pods = new PodObserver(Site.Client);
        machines.Start(Site, pods);
    }

    [OneTimeTearDown]
    public async Task StopMachinesAsync()
    {
        await machines.DisposeAsync();
        await pods.DisposeAsync();
    }

    [SetUp]
    public void Forget()
    {
        before = machines.Done.Count;
        machines.ForgetCut();
    }

    [TearDown]
    public async Task SwitchOnAsync()
    {
        if (TestContext.CurrentContext.Result.FailCount > 0)
            await TestContext.Out.WriteLineAsync($"{string.Join('\n', machines.Done)}\n{machines.Log}");
        machines.Bare(false);
        if (TestContext.CurrentContext.Result.FailCount > 0)
            await Eventually.HoldsAsync("every machine is on", Patience, _ => IsOnAsync());
    }

    [Test]
    public async Task A_machine_is_switched_off_when_its_pods_have_left_and_returns_when_it_is_on()
    {
        await RunSlowAsync("slow", "n1");
        await UpdateAsync("n1", "power_down");
        await DoneAsync("off n1");
        Assert.That(machines.Cut, Is.Empty, machines.Log);
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { "n1 lab.power" }));

        await StateAsync("n1", "POWERED_DOWN");
        await UpdateAsync("n1", "power_up");
        await DoneAsync("on n1");
        await Site.WaitUntilFreeAsync();
    }

    // What the test above shows is worth nothing if this is not so.
    [Test]
    public async Task Without_our_program_pods_end_with_their_machine()
    {
        machines.Bare(true);
        await RunSlowAsync("slow", "n2");
        // Slurm may take longer to call a program than a pod to leave. So this one does not leave: Slurm does not ask.
        foreach (var (verb, resource) in new[] { ("create", "pods/eviction"), ("delete", "pods") })
            Site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang) { Verb = verb, Resource = resource });
        await UpdateAsync("n2", "power_down");
        await DoneAsync("off n2");
        Assert.That(machines.Cut, Is.EqualTo(new[] { "slow" }));
        Site.EmbeddedApi.Faults.Clear();

        await StateAsync("n2", "POWERED_DOWN");
        await UpdateAsync("n2", "power_up");
        await DoneAsync("on n2");
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_machine_that_the_controller_reboots_has_no_pods_left()
    {
        await RunSlowAsync("slow", "n3");
        (await Slurm.RunAsync("scontrol", ["reboot", "ASAP", "nextstate=RESUME", "reason=kernel", "n3"])).EnsureSucceeded();
        await DoneAsync("reboot n3");
        Assert.That(machines.Cut, Is.Empty, machines.Log);
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_machine_is_switched_off_all_the_same_while_Kubernetes_does_not_answer()
    {
        Site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang));
        await UpdateAsync("n1", "power_down");
        await DoneAsync("off n1");
        Assert.That(machines.Log, Does.Contain("bebidactl: "));
        Site.EmbeddedApi.Faults.Clear();
        await StateAsync("n1", "POWERED_DOWN");
        await UpdateAsync("n1", "power_up");
        await DoneAsync("on n1");
        await Site.WaitUntilFreeAsync();
    }

    // Longer than a look, so that only who waits for it sees it leave.
    private Task RunSlowAsync(string name, string node) => Workloads.RunAsync(Site.Client, Workloads.Pod(name, node, termination: "3"));

    private Task DoneAsync(string what) =>
        Eventually.HoldsAsync(what, Patience, _ => Task.FromResult(machines.Done.Skip(before).Contains(what)));

    private async Task UpdateAsync(string node, string state) =>
        (await Slurm.RunAsync("scontrol", ["update", $"NodeName={node}", $"State={state}"])).EnsureSucceeded();

    // One that is still on its way down takes no such request, and one that boots would have to boot again.
    private async Task<bool> IsOnAsync()
    {
        var isOn = true;
        foreach (var node in Slurm.Nodes)
        {
            var state = await ShowAsync(node);
            isOn &= !state.Contains("POWER", StringComparison.Ordinal);
            if (state.Contains("POWERED_DOWN", StringComparison.Ordinal))
                await Slurm.RunAsync("scontrol", ["update", $"NodeName={node}", "State=power_up"]);
        }
        return isOn;
    }

    private Task StateAsync(string node, string state) =>
        Eventually.HoldsAsync($"{node} is {state}", Patience, async _ => (await ShowAsync(node)).Contains(state, StringComparison.Ordinal));

    // "State=" alone: "PowerDown" is among the other fields.
    private async Task<string> ShowAsync(string node) =>
        (await Slurm.RunAsync("scontrol", ["--oneliner", "show", "node", node]))
            .StandardOutput.Split(' ')
            .FirstOrDefault(field => field.StartsWith("State=", StringComparison.Ordinal), "");
}
