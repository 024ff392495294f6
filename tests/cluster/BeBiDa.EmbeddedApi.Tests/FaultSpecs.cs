using System.Globalization;
using System.Runtime.InteropServices;
using BeBiDa.EmbeddedApi.Faults;
using Microsoft.Win32.SafeHandles;
using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

public sealed class FaultSpecs
{
    private EmbeddedApiServer server = null!;
    private ApiClient admin = null!;

    [SetUp]
    public async Task Start()
    {
        server = await EmbeddedApiServer.StartAsync();
        admin = new(server, server.AdminKubeconfig);
        await admin.Post("/api/v1/nodes", """{"metadata":{"name":"n1"}}""");
    }

    [TearDown]
    public async Task Stop()
    {
        admin.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task A_refusal_carries_its_code_and_when_to_come_again()
    {
        using (
            server.Faults.Add(
                new(FaultKind.Refuse)
                {
                    StatusCode = 429,
                    RetryAfter = 3,
                    Verb = "patch",
                    Resource = "nodes",
                }
            )
        )
        {
            var refused = await admin.Patch("/api/v1/nodes/n1", ApiClient.MergePatch, """{"spec":{"unschedulable":true}}""");
            Assert.That(
                (refused.Code, refused.RetryAfter, refused.At("details", "retryAfterSeconds")!.GetValue<int>()),
                Is.EqualTo((429, "3", 3))
            );
            Assert.That((await admin.Get("/api/v1/nodes/n1")).Code, Is.EqualTo(200));
        }
        Assert.That((await admin.Patch("/api/v1/nodes/n1", ApiClient.MergePatch, "{}")).At("spec", "unschedulable"), Is.Null);
    }

    [Test]
    public async Task A_refusal_says_what_it_was_asked_to()
    {
        using var fault = server.Faults.Add(new(FaultKind.Refuse) { StatusCode = 429, Body = """{"details":"none"}""" });
        var refused = await admin.Get("/api/v1/nodes");
        Assert.That((refused.Code, refused.At("details")!.GetValue<string>()), Is.EqualTo((429, "none")));
    }

    [Test]
    public async Task A_fault_for_one_program_leaves_the_others_alone()
    {
        using var other = new ApiClient(server, server.AdminKubeconfig, agent: "kubelet/1.0");
        using var fault = server.Faults.Add(new(FaultKind.Refuse) { UserAgent = "kubelet/" });
        Assert.That((await other.Get("/api/v1/nodes")).Code, Is.EqualTo(500));
        Assert.That((await admin.Get("/api/v1/nodes")).Code, Is.EqualTo(200));
    }

    [Test]
    public async Task A_fault_meets_as_many_requests_as_it_was_asked_to()
    {
        using var fault = server.Faults.Add(new(FaultKind.Refuse) { StatusCode = 409, Times = 2 });
        var codes = new List<int>();
        for (var i = 0; i < 3; i++)
            codes.Add((await admin.Get("/api/v1/nodes")).Code);
        Assert.That(codes, Is.EqualTo(new[] { 409, 409, 200 }));
    }

    [Test]
    public async Task A_probability_draws_the_same_in_every_run()
    {
        async Task<string> Draw()
        {
            using var fault = server.Faults.Add(new(FaultKind.Refuse) { Probability = 0.5, Seed = 7 });
            var codes = "";
            for (var i = 0; i < 20; i++)
                codes += (await admin.Get("/api/v1/nodes")).Code == 500 ? "x" : ".";
            return codes;
        }

        var first = await Draw();
        Assert.That(first, Does.Contain("x").And.Contain("."));
        Assert.That(await Draw(), Is.EqualTo(first));
    }

    [Test]
    public async Task A_dropped_request_was_not_carried_out()
    {
        using (server.Faults.Add(new(FaultKind.Drop) { Verb = "delete" }))
            await Assert.ThrowsAsync<HttpRequestException>(() => admin.Delete("/api/v1/nodes/n1"));
        Assert.That((await admin.Get("/api/v1/nodes/n1")).Code, Is.EqualTo(200));
    }

    [Test]
    public async Task A_request_whose_answer_was_dropped_was_carried_out()
    {
        using (server.Faults.Add(new(FaultKind.DropAnswer) { Verb = "delete" }))
            await Assert.ThrowsAsync<HttpRequestException>(() => admin.Delete("/api/v1/nodes/n1"));
        Assert.That((await admin.Get("/api/v1/nodes/n1")).Code, Is.EqualTo(404));
    }

    [Test]
    public async Task A_hanging_request_is_answered_once_the_fault_is_over()
    {
        var fault = server.Faults.Add(new(FaultKind.Hang) { Path = "/nodes/n1" });
        var hanging = admin.Get("/api/v1/nodes/n1");
        Assert.That((await admin.Get("/api/v1/nodes")).Code, Is.EqualTo(200));
        Assert.That(hanging.IsCompleted, Is.False);
        fault.Dispose();
        Assert.That((await hanging).Code, Is.EqualTo(200));
    }

    [Test]
    public async Task Latency_waits_on_the_servers_clock()
    {
        var clock = new StoppedClock();
        await using var slow = await EmbeddedApiServer.StartAsync(new() { Clock = clock });
        using var client = new ApiClient(slow, slow.AdminKubeconfig);
        using var fault = slow.Faults.Add(new(FaultKind.Latency) { Delay = TimeSpan.FromHours(1) });
        var late = client.Get("/api/v1/nodes");
        await clock.Started;
        Assert.That(late.IsCompleted, Is.False);
        clock.Fire();
        Assert.That((await late).Code, Is.EqualTo(200));
    }

    [Test]
    public async Task An_expired_server_certificate_is_refused_by_clients()
    {
        server.Faults.ExpiredServerCertificate = true;
        using (var late = new ApiClient(server, server.AdminKubeconfig))
            await Assert.ThrowsAsync<HttpRequestException>(() => late.Get("/api/v1/nodes"));
        server.Faults.ExpiredServerCertificate = false;
        using var again = new ApiClient(server, server.AdminKubeconfig);
        Assert.That((await again.Get("/api/v1/nodes")).Code, Is.EqualTo(200));
    }

    [Test]
    public async Task A_server_that_was_stopped_comes_back_with_its_objects_on_its_port()
    {
        var list = await admin.Get("/api/v1/nodes");
        using var watch = await admin.Watch($"/api/v1/nodes?watch=true&resourceVersion={list.Version}");
        var url = server.Url;
        await server.StopAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => admin.Get("/api/v1/nodes"));
        await server.RestartAsync();
        Assert.That(server.Url, Is.EqualTo(url));
        Assert.That((await admin.Get("/api/v1/nodes/n1")).Code, Is.EqualTo(200));
        using var resumed = await admin.Watch($"/api/v1/nodes?watch=true&resourceVersion={list.Version}");
        await admin.Post("/api/v1/nodes", """{"metadata":{"name":"n2"}}""");
        Assert.That(await resumed.NextShort(), Is.EqualTo("ADDED n2"));
    }

    // A program that is just starting has copies of all sockets until it runs.
    [Test]
    public async Task A_server_comes_back_on_its_port_though_another_process_has_a_copy_of_its_socket()
    {
        using var copy = new SafeFileHandle((nint)CopyOf(ListeningOn(server.Url.Port)), ownsHandle: true);
        await server.StopAsync();
        await server.RestartAsync();
        Assert.That((await admin.Get("/api/v1/nodes/n1")).Code, Is.EqualTo(200));
    }

    [Test]
    public async Task Requests_are_counted_by_verb_and_resource_with_their_bytes()
    {
        server.ResetRequestCounts();
        const string body = """{"metadata":{"labels":{"a":"b"}}}""";
        await admin.Patch("/api/v1/nodes/n1", ApiClient.MergePatch, body);
        await admin.Patch("/api/v1/nodes/n1/status", ApiClient.MergePatch, body);
        await admin.Get("/api/v1/nodes");
        await admin.Get("/api/v1/nodes");
        var counts = server.RequestCounts.ToDictionary(count => (count.Verb, count.Resource));
        Assert.That(counts.Keys, Is.EquivalentTo(new[] { ("patch", "nodes"), ("patch", "nodes/status"), ("list", "nodes") }));
        Assert.That((counts[("list", "nodes")].Requests, counts[("patch", "nodes")].BytesReceived), Is.EqualTo((2, body.Length)));
        Assert.That(counts[("list", "nodes")].BytesSent, Is.GreaterThan(100));
    }

    // Columns of /proc/net/tcp (man 5 proc): the second is the local address, the fourth 0A for LISTEN, the tenth the inode.
    private static int ListeningOn(int port)
    {
        var inode = File.ReadLines("/proc/self/net/tcp")
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Single(line => line[3] == "0A" && line[1].EndsWith($":{port:X4}", StringComparison.Ordinal))[9];
        var file = Directory.GetFiles("/proc/self/fd").Single(file => new FileInfo(file).LinkTarget == $"socket:[{inode}]");
        return int.Parse(Path.GetFileName(file), CultureInfo.InvariantCulture);
    }

    [DllImport("libc", EntryPoint = "dup")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int CopyOf(int file);

    private sealed class StoppedClock : TimeProvider
    {
        private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Action? fire;

        public Task Started => started.Task;

        public void Fire() => fire!();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == TimeSpan.FromHours(1))
            {
                fire = () => callback(state);
                started.TrySetResult();
            }
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
