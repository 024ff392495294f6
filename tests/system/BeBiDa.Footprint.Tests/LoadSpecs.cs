namespace BeBiDa.Footprint.Tests;

/// <summary>slurmctld with the plugin beside one without it, and after hundreds of jobs beside itself before.</summary>
internal sealed class LoadSpecs
{
    // Threads of the .NET runtime that there is one of each; the workers of its pool come and go.
    private static readonly string[] OneOfEach =
    [
        ".NET Finalizer",
        ".NET Sockets",
        ".NET TP Gate",
        ".NET Timer",
        "bebida_complete",
        "bebida_submit",
    ];
    private static readonly string[] Lasting = ["bckfl", "rpcmgr", "sched_agent", "sigmgr", "slurmctld", "sstate"];
    private const int MostWorkers = 8; // ThreadPoolMaxThreads in BeBiDa.Controller.csproj
    private const int Warm = 100;
    private const int Half = 150;
    private const long MostGrowth = 16L << 20; // slurmctld's own heap too; tests/bench/footprint.sh looks closer, over more jobs
    private const long MostAdded = 64L << 20;

    private readonly Dictionary<string, HashSet<SignalSet>> masks = []; // of slurmctld's threads without us, by name
    private ProcessState alone = null!;
    private ProcessState warm = null!;
    private ProcessState half = null!;
    private ProcessState end = null!;
    private int mostThreads;

    [OneTimeSetUp]
    public async Task RunJobsAsync()
    {
        alone = await Hosts.WithAsync(
            Hosts.Options(HandOverBy.Nobody),
            async site =>
            {
                // Some of its threads come and go; all that were seen count.
                await ShortJobs.RunAsync(site.Slurm, Warm, Hosts.Patience, _ => Note(Hosts.Read(site)));
                var state = await QuietAsync(site);
                Note(state);
                return state;
            }
        );
        await Hosts.WithAsync(
            Hosts.Options(HandOverBy.Plugin),
            async site =>
            {
                warm = await AfterAsync(site, Warm);
                half = await AfterAsync(site, Half);
                return end = await AfterAsync(site, Half);
            }
        );
    }

    [Test]
    public void The_plugin_adds_a_few_named_threads_and_no_more_under_load()
    {
        foreach (var state in new[] { warm, half, end })
            Assert.That(
                state.OurThreads.Select(thread => thread.Name).Where(name => name != ".NET TP Worker").Order(StringComparer.Ordinal),
                Is.EqualTo(OneOfEach)
            );
        Assert.That(mostThreads, Is.LessThanOrEqualTo(OneOfEach.Length + MostWorkers), "at any time during the jobs");
    }

    [Test]
    public void Every_thread_that_is_not_ours_is_one_that_slurmctld_has_without_us() =>
        Assert.That(Others(end).Select(thread => thread.Name).Distinct(), Is.SubsetOf(masks.Keys));

    [Test]
    public void The_threads_of_slurmctld_take_the_same_signals_as_without_us()
    {
        foreach (var thread in Others(end))
            Assert.That(masks[thread.Name], Does.Contain(thread.Blocked), thread.Name);
        Assert.That(Others(end).Select(thread => thread.Name), Is.SupersetOf(Lasting));
    }

    [Test]
    public void No_thread_of_ours_takes_a_signal_that_is_sent_to_slurmctld()
    {
        var sent = SignalSet.Of(
            "SIGHUP",
            "SIGINT",
            "SIGQUIT",
            "SIGABRT",
            "SIGUSR1",
            "SIGUSR2",
            "SIGPIPE",
            "SIGALRM",
            "SIGTERM",
            "SIGCHLD",
            "SIGCONT",
            "SIGTSTP"
        );
        foreach (var thread in end.OurThreads)
            Assert.That(sent.Without(thread.Blocked).ToString(), Is.Empty, thread.Name);
    }

    [Test]
    public void Only_the_runtimes_faults_and_one_real_time_signal_get_other_handlers()
    {
        var added = end.Caught.Without(alone.Caught);
        Assert.That(added.Standard.Without(SignalSet.Of("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP")).ToString(), Is.Empty);
        Assert.That(added.RealTimeCount, Is.LessThanOrEqualTo(2));
        Assert.That(alone.Caught.Without(end.Caught).ToString(), Is.Empty, "slurmctld's own handlers are still there");
        Assert.That(end.Ignored, Is.EqualTo(alone.Ignored), "what slurmctld ignores");
        Assert.That(end.Caught.Has("SIGCHLD") || end.Ignored.Has("SIGCHLD"), Is.False, "SIGCHLD is slurmctld's");
    }

    [Test]
    public void Every_file_of_ours_closes_on_exec_and_their_number_stays()
    {
        var others = alone.Descriptors.Where(file => !file.ClosesOnExec).Select(file => file.Kind).ToList();
        Assert.That(end.Descriptors.Where(file => !file.ClosesOnExec).Select(file => file.Kind), Is.EquivalentTo(others));
        Assert.That(Kinds(half), Is.EqualTo(Kinds(warm)));
        Assert.That(Kinds(end), Is.EqualTo(Kinds(warm)));
        Assert.That(end.Descriptors, Has.Count.LessThanOrEqualTo(alone.Descriptors.Count + 4));
    }

    [Test]
    public void Memory_is_flat_once_the_plugin_is_warm()
    {
        TestContext.Out.WriteLine(
            $"without us {Mega(alone.Resident)}, warm {Mega(warm.Resident)}, half {Mega(half.Resident)}, end {Mega(end.Resident)} MB"
        );
        Assert.That(end.Anonymous - half.Anonymous, Is.LessThan(MostGrowth));
        Assert.That(end.Resident - alone.Resident, Is.LessThan(MostAdded));
    }

    private static long Mega(long bytes) => bytes >> 20;

    private static IEnumerable<ThreadState> Others(ProcessState state) => state.Threads.Where(thread => !thread.IsOurs);

    private void Note(ProcessState state)
    {
        foreach (var thread in state.Threads)
        {
            if (!masks.TryGetValue(thread.Name, out var seen))
                masks[thread.Name] = seen = [];
            seen.Add(thread.Blocked);
        }
    }

    private static IEnumerable<string> Kinds(ProcessState state) =>
        state.Descriptors.Select(file => file.Kind).Order(StringComparer.Ordinal);

    private async Task<ProcessState> AfterAsync(Site.Site site, int jobs)
    {
        await ShortJobs.RunAsync(
            site.Slurm,
            jobs,
            Hosts.Patience,
            _ => mostThreads = Math.Max(mostThreads, Hosts.Read(site).OurThreads.Count)
        );
        await site.WaitUntilFreeAsync();
        return await QuietAsync(site);
    }

    // slurmctld serves each request in a thread, and with a file, of its own: its state counts when it serves none.
    private static async Task<ProcessState> QuietAsync(Site.Site site)
    {
        ProcessState state = Hosts.Read(site);
        await Eventually.HoldsAsync(
            "slurmctld is at rest",
            Hosts.Patience,
            _ =>
            {
                var before = state;
                state = Hosts.Read(site);
                return Task.FromResult(
                    state.Threads.SequenceEqual(before.Threads)
                        && state.Descriptors.SequenceEqual(before.Descriptors)
                        && state.Descriptors.Count(file => file.Kind == "socket") <= 2
                );
            }
        );
        return state;
    }
}
