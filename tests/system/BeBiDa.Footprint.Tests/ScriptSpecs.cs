namespace BeBiDa.Footprint.Tests;

/// <summary>What slurmctld itself starts sees no difference with the plugin: through slurmscriptd (prologs, mail) and by a fork of its own (triggers).</summary>
internal sealed class ScriptSpecs
{
    private static readonly string[] Names = ["prolog", "epilog", "mail", "trigger"];

    private sealed record Seen(
        IReadOnlyDictionary<string, IReadOnlyList<string>> Told,
        bool PrologsExitCode,
        bool MailsExitCode,
        int RefusedExitCode,
        ProcessState Scriptd,
        bool ScriptdHasUs
    );

    private Seen alone = null!;
    private Seen guest = null!;

    [OneTimeSetUp]
    public async Task RunScriptsAsync()
    {
        alone = await RunAsync(HandOverBy.Nobody);
        guest = await RunAsync(HandOverBy.Plugin);
    }

    [TestCaseSource(nameof(Names))]
    public void A_script_of_slurmctld_gets_the_same_signals_and_files_as_without_us(string name) =>
        Assert.That(guest.Told[name], Is.EqualTo(alone.Told[name]));

    [Test]
    public void The_exit_codes_of_scripts_arrive()
    {
        Assert.That((alone.PrologsExitCode, alone.MailsExitCode), Is.EqualTo((true, true)), "without us");
        Assert.That((guest.PrologsExitCode, guest.MailsExitCode), Is.EqualTo((true, true)), "with us");
        Assert.That(guest.RefusedExitCode, Is.EqualTo(alone.RefusedExitCode).And.Not.Zero, "srun whose prolog failed");
    }

    [Test]
    public void The_process_that_runs_slurmctlds_scripts_has_nothing_of_us()
    {
        Assert.That(guest.ScriptdHasUs, Is.False, "our code is mapped there");
        Assert.That(guest.Scriptd.Threads, Has.Count.EqualTo(alone.Scriptd.Threads.Count));
        Assert.That(guest.Scriptd.Descriptors.Select(file => file.Kind).Count(), Is.EqualTo(alone.Scriptd.Descriptors.Count));
        Assert.That((guest.Scriptd.Caught, guest.Scriptd.Ignored), Is.EqualTo((alone.Scriptd.Caught, alone.Scriptd.Ignored)));
    }

    private static async Task<Seen> RunAsync(HandOverBy by)
    {
        using var witness = new Witness();
        var options = Hosts.Options(
            by,
            slurm =>
                slurm with
                {
                    PrologSlurmctld = witness.Text("prolog", failing: "refused"),
                    EpilogSlurmctld = witness.Text("epilog"),
                    ExtraConfiguration = [.. slurm.ExtraConfiguration, $"MailProg={witness.Script("mail", exitCode: 3)}"],
                }
        );
        return await Hosts.WithAsync(
            options,
            async site =>
            {
                // So that the runtime is at work in slurmctld, and not just loaded.
                await ShortJobs.RunAsync(site.Slurm, 20, Hosts.Patience);
                (
                    await site.Slurm.RunAsync("strigger", ["--set", "--reconfig", $"--program={witness.Script("trigger")}"])
                ).EnsureSucceeded();
                await site.Slurm.ReconfigureAsync();
                await site.Slurm.SubmitAsync(["--mail-type=ALL", "--output=/dev/null", "--wrap", "true"]);
                var refused = await site.Slurm.RunAsync("srun", ["--job-name=refused", "true"]);
                var told = new Dictionary<string, IReadOnlyList<string>>();
                foreach (var name in Names)
                    told[name] = await witness.TellsAsync(name);
                await ShortJobs.GoneAsync(site.Slurm, Hosts.Patience);

                var scriptd =
                    ProcessState.Child(site.Slurm.Controller.ProcessId, "slurmscriptd")
                    ?? throw new AssertionException("slurmscriptd does not run");
                var log = site.Slurm.Controller.ReadLog();
                return new Seen(
                    told,
                    log.Contains("prolog exit status 7:0"),
                    log.Contains("MailProg, exit code=3") || log.Contains("MailProg returned error"),
                    refused.ExitCode,
                    ProcessState.Read(scriptd),
                    File.ReadAllText($"/proc/{scriptd}/maps").Contains("bebida")
                );
            }
        );
    }
}
